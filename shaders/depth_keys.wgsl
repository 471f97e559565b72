// What convexes are sorted by depth with.
//
// One thread per convex.

@group(0) @binding(0) var<uniform> camera: Camera;
@group(0) @binding(1) var<storage, read> projected: array<Projected>;
// Bits of the depth, which are ordered like the depth itself; the largest where the convex is culled.
@group(0) @binding(2) var<storage, read_write> depth_keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> convex_from_rank: array<u32>;

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let id = (group.y * GROUPS_PER_ROW + group.x) * WG_SIZE + thread;
    if id < camera.num_convexes {
        depth_keys[id] = select(CULLED_KEY, bitcast<u32>(projected[id].z), projected[id].num_instances > 0u);
        convex_from_rank[id] = id;
    }
}
