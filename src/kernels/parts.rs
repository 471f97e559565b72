//! Parts of shaders of which a device gets one of two, and constants that depend on the device.

use crate::gpu::{DeviceTraits, ShaderPart, choice};

/// Prefix sums within a workgroup.
pub(super) const WORKGROUP_SCAN: ShaderPart = choice!(
    |traits: DeviceTraits| traits.subgroups.is_some(),
    "shared/workgroup_scan_subgroups.wgsl",
    "shared/workgroup_scan.wgsl"
);

/// Whether threads of a subgroup go the same way through a batch of convexes.
pub(super) const TOGETHER: ShaderPart =
    choice!(DeviceTraits::has_clusters, "shared/together_subgroups.wgsl", "shared/together.wgsl");

/// How a convex of the batch is read.
pub(super) const ROW: ShaderPart =
    choice!(DeviceTraits::has_cheap_shuffles, "shared/row_lanes.wgsl", "shared/row.wgsl");

/// How numbers of a convex are added up.
pub(super) const SUMS: ShaderPart =
    choice!(DeviceTraits::has_clusters, "shared/sums_subgroups.wgsl", "shared/sums.wgsl");

/// Clusters of eight threads whose numbers the lanes of a subgroup add up.
pub(super) const CLUSTERS_PER_GROUP: ShaderPart = ShaderPart::Constant {
    name: "CLUSTERS_PER_GROUP",
    value: |traits| match traits.subgroups {
        Some((fewest, _)) if fewest >= 32 => 4,
        Some((fewest, _)) if fewest >= 16 => 2,
        _ => 1,
    },
};

/// Pixels of a thread of the loss. More of them read less memory and hold more in registers, of which GPUs have too few.
pub(super) const RUN: ShaderPart =
    ShaderPart::Constant { name: "RUN", value: |traits| if traits.is_software { 4 } else { 2 } };
