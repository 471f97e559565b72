//! The build of lapidary, and the memory of its process.

use serde::{Deserialize, Serialize};

/// The build of lapidary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The version.
    pub version: String,
    /// The commit, with a `+` behind it where files differed; `unknown` where it was built without git or for debugging.
    pub commit: String,
    /// `release` or `debug`.
    pub profile: String,
}

impl Build {
    /// The build that runs.
    #[must_use]
    pub fn this() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("LAPIDARY_COMMIT").unwrap_or("unknown").to_owned(),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        }
    }
}

/// Most bytes of memory that this process has had at a time, where the system tells.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a file that the system makes up has no length")]
pub fn process_peak_bytes() -> Option<u64> {
    peak_in(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_as_linux_writes_it() {
        assert_eq!(peak_in("VmPeak:\t 9 kB\nVmHWM:\t    2048 kB\n"), Some(2 << 20));
        assert_eq!(peak_in("VmHWM: much"), None);
    }
}
