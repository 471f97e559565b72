//! Figures of the compiled kernels, as `scripts/shader-stats --write` leaves them.

const PIECES: &str = include_str!("pieces.tsv");
const DEVICES: &str = include_str!("devices.tsv");
/// The device whose code the pieces are counted in.
const COUNTED: &str = "ga102";

/// A part of a kernel that runs as often as its other parts do not: a loop, or what a condition lets through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub(super) name: &'static str,
    /// All instructions.
    pub(super) issues: f64,
    pub(super) half_rate: f64,
    pub(super) load_store: f64,
    pub(super) special: f64,
    /// Cycles of a subgroup alone, without waiting for memory.
    pub(super) cycles: f64,
}

/// A kernel on a device.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figures {
    pub(super) pieces: Vec<Piece>,
    /// Instructions of the kernel on the device for one on GA102.
    pub(super) scale: f64,
    /// Subgroups (threads on Apple's) that a processor holds at a time.
    pub(super) waves: f64,
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn number(field: Option<&&str>) -> f64 {
    field.and_then(|field| field.parse().ok()).unwrap_or(f64::NAN)
}

/// Waves and instructions.
fn of_device(device: &str, kernel: &str) -> [f64; 2] {
    let row = rows(DEVICES).find(|row| row.starts_with(&[device, kernel]));
    row.map_or([f64::NAN; 2], |row| [number(row.get(2)), number(row.get(3))])
}

impl Figures {
    pub(super) fn of(kernel: &str, device: &str) -> Self {
        let piece = |row: Vec<&'static str>| Piece {
            name: row.get(1).copied().unwrap_or_default(),
            issues: number(row.get(3)),
            half_rate: number(row.get(4)),
            load_store: number(row.get(5)),
            special: number(row.get(6)),
            cycles: number(row.get(7)),
        };
        let [waves, instructions] = of_device(device, kernel);
        let [_, counted] = of_device(COUNTED, kernel);
        Self {
            pieces: rows(PIECES).filter(|row| row.first() == Some(&kernel)).map(piece).collect(),
            scale: instructions / counted,
            waves,
        }
    }
}
