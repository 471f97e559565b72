// Lines of items: a workgroup handles a block of BLOCK_SIZE items, a long line of workgroups is folded into rows.

fn block_of_window(workgroup_id: vec3<u32>) -> u32 {
    return workgroup_id.y * GROUPS_PER_ROW + workgroup_id.x;
}

fn blocks_of(count: u32) -> u32 {
    return count / BLOCK_SIZE + u32(count % BLOCK_SIZE != 0u);
}
