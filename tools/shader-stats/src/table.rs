//! Tables of statistics: one row for each kernel on each device.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// A statistic that all devices have in some form.
struct Column {
    name: &'static str,
    /// What drivers call it; numbers of several names that one driver has are added up.
    sources: &'static [&'static str],
    /// More is better, or less is.
    more_is_better: bool,
    /// The part by which it may become worse: compilers move a few instructions about.
    slack: f64,
}

const fn column(name: &'static str, sources: &'static [&'static str]) -> Column {
    Column { name, sources, more_is_better: false, slack: 0.0 }
}

/// Registers of a thread; values spilled to memory; bytes of scratch memory of a thread and of workgroup memory; subgroups of a
/// processor at a time (threads on Apple's); instructions; cycles by the compiler's own model, where it has one.
const COLUMNS: [Column; 7] = [
    column("registers", &["VGPRs", "Number of GPRs", "GPRs", "Registers used"]),
    column("spills", &["Spilled VGPRs", "Spilled SGPRs", "Spills to memory", "Spills", "STP Count"]),
    column("scratch", &["Scratch size", "SLM size", "Scratch"]),
    column("workgroup", &["workgroup bytes"]),
    Column {
        more_is_better: true,
        ..column("waves", &["Subgroups per SIMD", "Max warps/SM", "Threads", "Max Waves Per Core"])
    },
    Column { slack: 0.02, ..column("instructions", &["Instructions", "Instruction count", "Instruction Count"]) },
    Column { slack: 0.05, ..column("latency", &["Latency", "Static cycle count"]) },
];

type Values = [Option<i64>; COLUMNS.len()];

/// A kernel on a device.
pub struct Row {
    device: String,
    kernel: String,
    values: Values,
}

impl Row {
    pub fn of_statistics(device: &str, kernel: &str, statistics: &BTreeMap<String, i64>) -> Self {
        let values = COLUMNS.map(|column| {
            let found = column.sources.iter().filter_map(|source| statistics.get(*source)).copied();
            found.reduce(|sum, value| sum + value)
        });
        Self { device: device.to_owned(), kernel: kernel.to_owned(), values }
    }

    fn parse(line: &str) -> Result<Self> {
        let fields: Vec<_> = line.split('\t').collect();
        let [device, kernel, values @ ..] = &fields[..] else { bail!("expected a device, a kernel and numbers") };
        let parsed = values.iter().map(|&value| if value == "-" { Ok(None) } else { value.parse().map(Some) });
        let parsed: Vec<Option<i64>> = parsed.collect::<Result<_, _>>()?;
        let count = parsed.len();
        let Ok(values) = parsed.try_into() else { bail!("expected {} numbers, found {count}", COLUMNS.len()) };
        Ok(Self { device: (*device).to_owned(), kernel: (*kernel).to_owned(), values })
    }
}

/// As a line of a file.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}", self.device, self.kernel)?;
        self.values.iter().try_for_each(|&value| write!(f, "\t{}", shown(value)))
    }
}

fn shown(value: Option<i64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Rows in the order of the file.
pub struct Table(Vec<Row>);

impl Table {
    /// Reads a file, in which lines that begin with `#` are comments.
    pub fn read(path: &Path) -> Result<Self> {
        let text = String::from_utf8(lapidary::files::read(path)?)?;
        let rows = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            Row::parse(line).with_context(|| format!("{}: `{line}` is no row of statistics", path.display()))
        });
        Ok(Self(rows.collect::<Result<_>>()?))
    }

    pub fn keys(&self) -> BTreeSet<(String, String)> {
        self.0.iter().map(|row| (row.device.clone(), row.kernel.clone())).collect()
    }

    /// A sentence for every number that is worse here than in the other table.
    pub fn worse_than(&self, old: &Self) -> Vec<String> {
        let before: BTreeMap<_, _> = old.0.iter().map(|row| ((&row.device, &row.kernel), &row.values)).collect();
        let mut worse = Vec::new();
        for row in &self.0 {
            let Some(old) = before.get(&(&row.device, &row.kernel)) else { continue };
            for (column, pair) in COLUMNS.iter().zip(old.iter().zip(&row.values)) {
                if let (&Some(old), &Some(new)) = pair
                    && column.is_worse(old, new)
                {
                    worse.push(format!("{} of {} on {}: {old} before, {new} now", column.name, row.kernel, row.device));
                }
            }
        }
        worse
    }
}

impl Column {
    fn is_worse(&self, old: i64, new: i64) -> bool {
        if self.more_is_better {
            return new < old;
        }
        new as f64 > old as f64 * (1.0 + self.slack)
    }
}

/// For readers.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:11} {:31}", "device", "kernel")?;
        COLUMNS.iter().try_for_each(|column| write!(f, " {:>12}", column.name))?;
        writeln!(f)?;
        for row in &self.0 {
            write!(f, "{:11} {:31}", row.device, row.kernel)?;
            row.values.iter().try_for_each(|&value| write!(f, " {:>12}", shown(value)))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(lines: &[&str]) -> Table {
        Table(lines.iter().map(|line| Row::parse(line).unwrap()).collect())
    }

    #[test]
    fn a_number_is_worse_beyond_its_slack_and_better_ones_are_not() {
        let old = table(&["gpu\tloss\t80\t0\t0\t100\t24\t1000\t1000"]);
        let worse = |line| table(&[line]).worse_than(&old);
        assert!(worse("gpu\tloss\t72\t0\t0\t90\t28\t1020\t1050").is_empty());
        assert!(worse("other\tloss\t99\t9\t9\t999\t1\t9999\t9999").is_empty(), "there is nothing to compare with");
        assert_eq!(worse("gpu\tloss\t81\t1\t4\t101\t23\t1021\t1051").len(), 7);
        assert_eq!(worse("gpu\tloss\t80\t1\t0\t100\t24\t-\t-"), ["spills of loss on gpu: 0 before, 1 now"]);
    }

    #[test]
    fn a_row_comes_back_as_it_was_written() {
        let statistics = [("Spilled VGPRs", 2), ("Spilled SGPRs", 3), ("VGPRs", 80)];
        let statistics = statistics.map(|(name, value)| (name.to_owned(), value)).into();
        let line = Row::of_statistics("gpu", "loss", &statistics).to_string();
        assert_eq!(line, "gpu\tloss\t80\t5\t-\t-\t-\t-\t-");
        assert_eq!(Row::parse(&line).unwrap().to_string(), line);
        assert!(Row::parse("gpu\tloss\t80").is_err());
    }
}
