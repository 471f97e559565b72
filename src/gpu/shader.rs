//! The source of a kernel: a name and the parts that it is composed of, in order. The rows themselves stand beside their
//! dispatchers, in `src/kernels`.

use std::fmt::Write as _;

use crate::constants;

/// The parts, the name and the variants of one kernel.
#[derive(Debug, Clone, Copy)]
pub struct Shader {
    /// Stem of the file `shaders/STEM.wgsl`, which is the last part.
    pub name: &'static str,
    /// The parts, in order.
    pub parts: &'static [ShaderPart],
    /// The constants besides POINTS that callers compile it with: those of every variant, the usual one first.
    pub variants: &'static [&'static [(&'static str, u32)]],
}

/// A piece of WGSL.
#[derive(Debug, Clone, Copy)]
pub enum ShaderPart {
    /// A file that is the same on every device.
    File {
        /// Path below `shaders/`.
        path: &'static str,
        /// The text of the file.
        text: &'static str,
    },
    /// One of two files that define the same functions.
    Choice {
        /// Paths below `shaders/`: the file of devices that meet the condition, and that of all others.
        paths: [&'static str; 2],
        /// The text for a device.
        text: fn(DeviceTraits) -> &'static str,
    },
    /// A constant whose value depends on the device.
    Constant {
        /// The name of the constant.
        name: &'static str,
        /// The value on a device.
        value: fn(DeviceTraits) -> u32,
    },
}

/// The properties of a device that decide which variant of a part it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceTraits {
    /// Lanes of the smallest and of the largest subgroup, if there are subgroup operations and lanes are consecutive
    /// threads.
    pub subgroups: Option<(u32, u32)>,
    /// Whether the "GPU" is the processor.
    pub is_software: bool,
}

impl DeviceTraits {
    /// A device that has no more than WebGPU guarantees.
    pub const WEBGPU: Self = Self { subgroups: None, is_software: false };

    /// Whether subgroups exist and hold clusters of eight lanes.
    #[must_use]
    pub const fn has_clusters(self) -> bool {
        matches!(self.subgroups, Some((fewest, _)) if fewest >= 8)
    }

    /// Whether subgroup shuffles are faster than workgroup memory: true on software devices, where every subgroup is one
    /// cluster. Source: docs/archive/speed.md.
    #[must_use]
    pub const fn has_cheap_shuffles(self) -> bool {
        self.is_software && matches!(self.subgroups, Some((8, 8)))
    }
}

/// The constants of a kernel that has one variant, compiled with POINTS alone.
pub const ONE_VARIANT: &[&[(&str, u32)]] = &[&[]];

/// The file at a path below `shaders/`, as a [`ShaderPart`].
macro_rules! file {
    ($path:literal) => {
        $crate::gpu::ShaderPart::File {
            path: $path,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $path)),
        }
    };
}

/// One file where the condition holds for a device and another one elsewhere, as a [`ShaderPart`].
macro_rules! choice {
    ($condition:expr, $yes:literal, $no:literal) => {
        $crate::gpu::ShaderPart::Choice {
            paths: [$yes, $no],
            text: |traits| {
                if $condition(traits) {
                    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $yes))
                } else {
                    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $no))
                }
            },
        }
    };
}

/// The row of a kernel: the stem of its file, the shared parts before it and, if there are several, its variants.
macro_rules! shader {
    ($stem:literal, [$($part:expr),* $(,)?]) => {
        shader!($stem, [$($part),*], $crate::gpu::ONE_VARIANT)
    };
    ($stem:literal, [$($part:expr),* $(,)?], $variants:expr) => {
        $crate::gpu::Shader {
            name: $stem,
            parts: &[
                $($part,)*
                $crate::gpu::ShaderPart::File {
                    path: concat!($stem, ".wgsl"),
                    text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $stem, ".wgsl")),
                },
            ],
            variants: $variants,
        }
    };
}

pub(crate) use {choice, file, shader};

impl Shader {
    /// The shared parts as the first lines of the file name them, in order: a path, two paths with "or" between them, or the
    /// name of a constant.
    #[must_use]
    pub fn uses(&self) -> Vec<String> {
        let shared = &self.parts[..self.parts.len().saturating_sub(1)];
        let name = |part: &ShaderPart| match part {
            ShaderPart::File { path, .. } => (*path).to_owned(),
            ShaderPart::Choice { paths: [yes, no], .. } => format!("{yes} or {no}"),
            ShaderPart::Constant { name, .. } => (*name).to_owned(),
        };
        shared.iter().map(name).collect()
    }

    /// The text of its own file.
    #[must_use]
    pub fn own_text(&self) -> &'static str {
        match self.parts.last() {
            Some(ShaderPart::File { text, .. }) => text,
            _ => "",
        }
    }

    /// The whole source: constants of the crate, constants of the caller, parts.
    #[must_use]
    pub fn source(&self, traits: DeviceTraits, constants: &[(&str, u32)]) -> String {
        let mut source = constants::wgsl_header();
        // Writing to a string does not fail.
        let constant = |source: &mut String, name: &str, value: u32| {
            writeln!(source, "const {name}: u32 = {value}u;").unwrap_or_default();
        };
        for (name, value) in constants {
            constant(&mut source, name, *value);
        }
        for part in self.parts {
            match part {
                ShaderPart::File { text, .. } => source.push_str(text),
                ShaderPart::Choice { text, .. } => source.push_str(text(traits)),
                ShaderPart::Constant { name, value } => constant(&mut source, name, value(traits)),
            }
        }
        source
    }
}
