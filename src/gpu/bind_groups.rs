//! Bind groups that are used again: an iteration binds the same buffers as the one before, and only the offsets of its
//! uniforms differ.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A buffer of a bind group: its number, and the first byte and the number of bytes that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct BoundRange {
    pub(super) buffer: u64,
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

/// The number of a kernel, and its buffers in the order of the bindings.
pub(super) type GroupKey = Arc<(u64, Vec<BoundRange>)>;

/// The bind groups of a device. A group keeps its buffers alive, so it is dropped as soon as one of them is.
#[derive(Debug, Default)]
pub(super) struct BindGroupCache {
    groups: Mutex<Groups>,
    num_created: AtomicU64,
}

#[derive(Debug, Default)]
struct Groups {
    by_key: HashMap<GroupKey, wgpu::BindGroup>,
    by_buffer: HashMap<u64, HashSet<GroupKey>>,
}

impl BindGroupCache {
    /// The group of this key, made by `create` where there is none yet.
    pub(super) fn get(&self, key: GroupKey, create: impl FnOnce() -> wgpu::BindGroup) -> wgpu::BindGroup {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = groups.by_key.get(&key) {
            return group.clone();
        }
        let group = create();
        self.num_created.fetch_add(1, Ordering::Relaxed);
        for range in &key.1 {
            groups.by_buffer.entry(range.buffer).or_default().insert(Arc::clone(&key));
        }
        groups.by_key.insert(key, group.clone());
        group
    }

    /// Drops the groups that bind a buffer.
    pub(super) fn forget(&self, buffer: u64) {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(keys) = groups.by_buffer.remove(&buffer) else { return };
        for key in keys {
            groups.by_key.remove(&key);
            for range in &key.1 {
                if let Some(others) = groups.by_buffer.get_mut(&range.buffer) {
                    others.remove(&key);
                }
            }
        }
    }

    /// Number of groups that were created so far.
    pub(super) fn num_created(&self) -> u64 {
        self.num_created.load(Ordering::Relaxed)
    }
}
