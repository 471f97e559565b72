// Clears IS_SEEN of slots that no tile contains, so that old contents of the memory are not added up. There are such slots
// only if two kernels rounded differently, see `emit_instances`.
//
// One workgroup.
//
// Uses: shared/camera.wgsl, shared/cotangents.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
@group(0) @binding(1) var<storage, read> num_instances: array<u32>;
@group(0) @binding(2) var<storage, read> first_instance_from_tile: array<u32>;
@group(0) @binding(3) var<storage, read> slots: array<u32>;
@group(0) @binding(4) var<storage, read_write> v_instances: array<f32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(local_invocation_index) thread: u32) {
    let first = first_instance_from_tile[camera.num_tiles.x * camera.num_tiles.y];
    for (var i = first + thread; i < num_instances[0]; i += WG_SIZE) {
        let slot = slots[i];
        if slot >= camera.first_slot && slot < camera.end_slot {
            v_instances[(slot - camera.first_slot) * INSTANCE_STRIDE + IS_SEEN] = 0.0;
        }
    }
}
