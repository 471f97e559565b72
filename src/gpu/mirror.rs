//! Structs that shaders and Rust share, each once in Rust and once in WGSL. A test compares names, offsets and sizes
//! of the members with what naga finds in the shaders. The structs stand beside the kernels that they belong to.

use bytemuck::Pod;

/// A struct that exists in WGSL too.
pub trait Mirror: Pod {
    /// Name in Rust and in WGSL.
    const NAME: &'static str;
    /// Name and byte offset of each member, in order.
    const MEMBERS: &'static [(&'static str, usize)];
}

/// The properties of a mirror that the test compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorShape {
    /// Name of the struct.
    pub name: &'static str,
    /// Size in bytes.
    pub bytes: usize,
    /// Name and byte offset of each member.
    pub members: &'static [(&'static str, usize)],
}

impl MirrorShape {
    /// The shape of a mirror.
    #[must_use]
    pub const fn new<M: Mirror>() -> Self {
        Self { name: M::NAME, bytes: size_of::<M>(), members: M::MEMBERS }
    }
}

/// Declares a struct that exists in WGSL too, with the members in the same order.
macro_rules! mirror {
    ($(#[$doc:meta])* pub struct $Name:ident { $($(#[$member_doc:meta])* pub $member:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct $Name { $($(#[$member_doc])* pub $member: $kind,)* }

        impl $crate::gpu::Mirror for $Name {
            const NAME: &'static str = stringify!($Name);
            const MEMBERS: &'static [(&'static str, usize)] =
                &[$((stringify!($member), std::mem::offset_of!($Name, $member)),)*];
        }
    };
}

pub(crate) use mirror;
