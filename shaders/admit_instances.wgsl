// Accepts all instances of a frame, or none if they exceed the buffers: then the frame is skipped, and the host, which
// reads the status later, allocates larger buffers and repeats it.
//
// One thread in all.
//
// Uses: shared/camera.wgsl, shared/status.wgsl.

@group(0) @binding(0) var<uniform> camera: CameraUniform;
// The total saturates.
@group(0) @binding(1) var<storage, read> total: array<u32>;
@group(0) @binding(2) var<storage, read_write> num_instances: array<u32>;
@group(0) @binding(3) var<storage, read_write> status: Status;

@compute @workgroup_size(1)
fn main() {
    let needed = total[0];
    status.needed_instances = max(status.needed_instances, needed);
    if needed > camera.max_instances {
        status.has_overflowed = 1u;
    }
    num_instances[0] = select(needed, 0u, status.has_overflowed == 1u);
}
