//! The GPU floor: choosing a device, memory, bindings, faults.

use lapidary::gpu::{Buffer, Commands, GROUPS, Gpu, GpuError, GpuOptions, Grid, Kernel, KernelTimer, Selector, report};

use crate::support::device::{all_gpus, gpu};

#[test]
fn the_report_lists_the_default_first() {
    let adapters = report::adapters();
    assert_eq!(adapters[0].can_train, adapters[0].lacks.is_empty());
    assert!(adapters.iter().enumerate().all(|(index, adapter)| adapter.index == index));
    if std::env::var_os("LAPIDARY_ADAPTER").is_none() {
        assert_eq!(adapters[0].name, gpu().name());
    }
}

#[test]
fn subgroup_operations_are_used_where_lanes_are_consecutive_threads() {
    let [(_, all), (_, webgpu), ..] = all_gpus() else { panic!("there are variants") };
    let adapters = report::adapters();
    let adapter = adapters.iter().find(|adapter| adapter.name == all.name()).unwrap();
    // No device is known whose lanes are not; one would be worth a note in docs/troubleshooting.md.
    assert_eq!(all.uses_subgroups(), adapter.features_used.contains(&"subgroup".to_owned()));
    assert!(!webgpu.uses_subgroups());
}

#[test]
fn an_unknown_adapter_is_refused_with_the_list() {
    for wanted in [Selector::Name("no such thing".into()), Selector::Index(99)] {
        let error = Gpu::open(&GpuOptions { adapter: Some(wanted), ..GpuOptions::default() }).unwrap_err();
        let GpuError::UnknownAdapter { available, .. } = &error else { panic!("{error}") };
        assert!(!available.is_empty() && error.to_string().contains(&available[0]));
    }
}

#[test]
fn an_adapter_is_found_by_a_part_of_its_name() {
    let part = gpu().name()[1..].to_uppercase();
    let adapter = Some(Selector::Name(part));
    assert_eq!(Gpu::open(&GpuOptions { adapter, ..GpuOptions::default() }).unwrap().name(), gpu().name());
}

#[test]
fn elements_are_read_as_they_were_written() {
    for (name, gpu) in all_gpus() {
        for len in [0u32, 1, 3, 1000] {
            let elements: Vec<u32> = (0..len).map(|i| i * 7).collect();
            let buffer = gpu.upload("elements", &elements).unwrap();
            assert_eq!(buffer.read(gpu).unwrap(), elements, "{name}");
        }
    }
}

#[test]
fn elements_are_read_in_pieces_if_there_is_no_memory_for_a_copy_of_all() {
    // A device of its own, because what may be taken of it is changed.
    let gpu = Gpu::open(&GpuOptions::default()).unwrap();
    let elements: Vec<[u32; 3]> = (0..100_001).map(|i| [i, 3 * i, 7]).collect();
    let buffer = gpu.upload("elements", &elements).unwrap();
    gpu.allow(gpu.held() + 100_000);
    assert_eq!(buffer.read(&gpu).unwrap(), elements);
    assert_eq!(buffer.read_first(&gpu, 50_000).unwrap(), elements[..50_000]);
    gpu.allow(gpu.held() + 1000);
    assert!(matches!(buffer.read(&gpu), Err(GpuError::OverBudget { .. })), "not even a small piece");
    assert_eq!(buffer.read_one(&gpu).unwrap(), elements[0]);
}

#[test]
fn copies_and_clears_are_recorded_in_order() {
    let source = gpu().upload("source", &[1u32, 2, 3, 4]).unwrap();
    let target: Buffer<u32> = gpu().zeros("target", 4).unwrap();
    let mut commands = Commands::new(gpu(), "test");
    commands.copy(&source, 1, &target, 0, 2);
    commands.clear(&source);
    commands.submit();
    assert_eq!((source.read(gpu()).unwrap(), target.read(gpu()).unwrap()), (vec![0; 4], vec![2, 3, 0, 0]));
}

#[test]
fn buffers_beyond_the_limit_are_refused_by_name() {
    let error = gpu().zeros::<u32>("the huge one", u64::MAX / 8).unwrap_err();
    assert!(matches!(&error, GpuError::BufferTooLarge { label, .. } if label == "the huge one"), "{error}");
    gpu().check().unwrap();
}

#[test]
fn wrong_bindings_are_named() {
    let kernel = Kernel::new(gpu(), &GROUPS, &[]).unwrap();
    let (small, counts) = (gpu().upload("small", &[0u32]).unwrap(), gpu().upload("counts", &[0u32; 4]).unwrap());
    let mut commands = Commands::new(gpu(), "test");
    let mut refused = |bindings: &[(&str, lapidary::gpu::Binding<'_>)]| {
        commands.dispatch(&kernel, Grid::Groups(1), bindings).unwrap_err().to_string()
    };
    let missing = refused(&[("counts", counts.all()), ("groups", counts.all())]);
    assert!(missing.contains("`groups`") && missing.contains("`args`") && missing.contains("not given"), "{missing}");
    let unknown = refused(&[("count", counts.all())]);
    assert!(unknown.contains("`count`") && unknown.contains("args, counts, groups"), "{unknown}");
    let short = refused(&[("args", small.all()), ("counts", counts.all()), ("groups", counts.all())]);
    assert!(short.contains("`args`") && short.contains("bytes"), "{short}");
}

#[test]
fn a_binding_beyond_the_limit_is_named() {
    let (_, gpu) = all_gpus().iter().find(|(name, _)| name.contains("64 KiB")).unwrap();
    let kernel = Kernel::new(gpu, &GROUPS, &[]).unwrap();
    let args = gpu.uniform("args", &[0u32; 8]).unwrap();
    let large: Buffer<u32> = gpu.zeros("large", 1 << 20).unwrap();
    let bindings = [("args", args.all()), ("counts", large.all()), ("groups", large.all())];
    let error = Commands::new(gpu, "test").dispatch(&kernel, Grid::Groups(1), &bindings).unwrap_err();
    assert!(error.to_string().contains("binds at most 65536"), "{error}");
}

#[test]
fn a_shader_that_does_not_compile_is_named() {
    let error = lapidary::gpu::reflect("broken", "fn main( {").unwrap_err();
    assert!(matches!(&error, GpuError::Shader { kernel, .. } if kernel == "broken"), "{error}");
}

#[test]
fn every_dispatch_is_timed() {
    let Some(mut timer) = KernelTimer::new(gpu()) else { return };
    let kernel = Kernel::new(gpu(), &GROUPS, &[]).unwrap();
    let args = gpu().uniform("args", &[1u32; 8]).unwrap();
    let counts = gpu().upload("counts", &[5u32; 4]).unwrap();
    let groups: Buffer<u32> = gpu().zeros("groups", 4).unwrap();
    let mut commands = Commands::timed(gpu(), "test", &mut timer);
    for _ in 0..3 {
        let bindings = [("args", args.all()), ("counts", counts.all()), ("groups", groups.all())];
        commands.dispatch(&kernel, Grid::Groups(1), &bindings).unwrap();
    }
    commands.submit();
    let times = timer.read(gpu()).unwrap();
    assert_eq!(times.iter().map(|time| time.name).collect::<Vec<_>>(), ["groups"; 3]);
    assert!(times.iter().all(|time| (0.0..1e9).contains(&time.nanoseconds)), "{times:?}");
}
