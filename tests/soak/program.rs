//! Runs the program as a shell would, and judges how it ended.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

/// What a program says it does when it was stopped by a signal.
pub(crate) const STOPPED: i32 = 130;

/// Time after which a program hangs, unless a case says another.
const LIMIT: Duration = Duration::from_secs(60);

/// Where what is printed goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sink {
    /// A file, which is read in the end.
    Kept,
    Closed,
    /// A disk that is full.
    Full,
    /// A reader who goes after so many bytes.
    Cut(usize),
}

/// A program that is to be run.
#[derive(Debug)]
pub(crate) struct Program {
    words: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    /// What a shell does before it becomes the program.
    before: String,
    sinks: [Sink; 2],
    limit: Duration,
}

/// The program with these arguments.
pub(crate) fn lapidary<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Program {
    Program {
        words: words.into_iter().map(|word| word.as_ref().to_owned()).collect(),
        variables: Vec::new(),
        before: String::new(),
        sinks: [Sink::Kept; 2],
        limit: LIMIT,
    }
}

impl Program {
    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    pub(crate) fn args<W: AsRef<OsStr>>(self, words: impl IntoIterator<Item = W>) -> Self {
        words.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn variable(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name, value.as_ref().to_owned()));
        self
    }

    /// No more address space than this, MiB.
    pub(crate) fn memory(mut self, mib: u64) -> Self {
        // Not every system has this limit.
        write!(self.before, "ulimit -v {} 2>/dev/null; ", mib << 10).unwrap_or_default();
        self
    }

    /// No file longer than this, in blocks of 512 bytes.
    pub(crate) fn file_size(mut self, blocks: usize) -> Self {
        write!(self.before, "ulimit -f {blocks}; ").unwrap_or_default();
        self
    }

    /// Starts with these signals ignored, as `nohup` and shells in the background do.
    pub(crate) fn ignoring(mut self, signal: &str) -> Self {
        write!(self.before, "trap '' {signal}; ").unwrap_or_default();
        self
    }

    /// Where stdout and stderr go.
    pub(crate) fn sinks(mut self, stdout: Sink, stderr: Sink) -> Self {
        self.sinks = [stdout, stderr];
        self
    }

    /// Seconds after which it hangs.
    pub(crate) fn limit(mut self, seconds: u64) -> Self {
        self.limit = Duration::from_secs(seconds);
        self
    }

    pub(crate) fn run(self) -> anyhow::Result<Ended> {
        self.start()?.wait()
    }

    pub(crate) fn start(self) -> anyhow::Result<Running> {
        let script = format!("{}exec \"$0\" \"$@\"{}", self.before, self.redirections());
        let said = [tempfile::tempfile()?, tempfile::tempfile()?];
        let handle = |index: usize| -> anyhow::Result<Stdio> {
            let is_pipe = matches!(self.sinks[index], Sink::Cut(_));
            Ok(if is_pipe { Stdio::piped() } else { said[index].try_clone()?.into() })
        };
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_lapidary")).args(&self.words);
        command.env_remove("RUST_BACKTRACE").envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(handle(0)?).stderr(handle(1)?);
        let mut child = command.spawn().context("/bin/sh")?;
        if let (Sink::Cut(bytes), Some(pipe)) = (self.sinks[0], child.stdout.take()) {
            read_and_go(pipe, bytes);
        }
        if let (Sink::Cut(bytes), Some(pipe)) = (self.sinks[1], child.stderr.take()) {
            read_and_go(pipe, bytes);
        }
        Ok(Running { child, said, words: shown(&self.words), begin: Instant::now(), limit: self.limit })
    }

    fn redirections(&self) -> String {
        let one = |(sink, stream): (&Sink, &str)| match sink {
            Sink::Closed => format!(" {stream}>&-"),
            Sink::Full => format!(" {stream}>/dev/full"),
            Sink::Kept | Sink::Cut(_) => String::new(),
        };
        self.sinks.iter().zip(["1", "2"]).map(one).collect()
    }
}

/// Reads some bytes of a pipe, on a thread of its own, and closes it.
fn read_and_go(mut pipe: impl std::io::Read + Send + 'static, bytes: usize) {
    std::thread::spawn(move || {
        let mut rest = bytes;
        let mut buffer = [0; 1];
        while rest > 0 && pipe.read(&mut buffer).is_ok_and(|count| count > 0) {
            rest -= 1;
        }
    });
}

/// Words as a shell takes them.
fn shown(words: &[OsString]) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    let quoted = |word: &OsString| {
        let word = word.to_string_lossy();
        if !word.is_empty() && word.chars().all(is_plain) { word.into_owned() } else { format!("{word:?}") }
    };
    format!("lapidary {}", words.iter().map(quoted).collect::<Vec<_>>().join(" "))
}

/// A program under way.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    said: [File; 2],
    words: String,
    begin: Instant,
    limit: Duration,
}

impl Running {
    pub(crate) fn is_over(&mut self) -> bool {
        self.seconds() > self.limit.as_secs_f64() || !matches!(self.child.try_wait(), Ok(None))
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.begin.elapsed().as_secs_f64()
    }

    /// The most memory that it had so far, KiB, where the system says so.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// Sends a signal.
    pub(crate) fn send(&mut self, signal: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args(["-s", signal, &self.child.id().to_string()]).status()?;
        ensure!(status.success(), "kill -s {signal} failed");
        Ok(())
    }

    /// Waits for its end, or ends it where it hangs.
    pub(crate) fn wait(mut self) -> anyhow::Result<Ended> {
        while !self.is_over() {
            std::thread::sleep(Duration::from_millis(2));
        }
        let seconds = self.seconds();
        let status = self.child.try_wait()?;
        if status.is_none() {
            self.child.kill()?;
            self.child.wait()?;
        }
        let [stdout, stderr] = &mut self.said;
        Ok(Ended { status, seconds, stdout: read(stdout)?, stderr: read(stderr)?, words: self.words })
    }
}

fn read(file: &mut File) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None where it hung.
    status: Option<ExitStatus>,
    pub(crate) seconds: f64,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    words: String,
}

impl Ended {
    /// Its exit code, where it has one.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// The signal that ended it, where one did.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.and_then(|status| status.signal())
    }

    /// It neither hung nor panicked.
    pub(crate) fn is_calm(&self) -> anyhow::Result<&Self> {
        ensure!(self.status.is_some(), "{self}");
        ensure!(!self.stderr.contains("panicked at"), "{self}");
        Ok(self)
    }

    /// Nothing that it printed can move a terminal's cursor, colour it or turn its direction.
    pub(crate) fn is_printable(&self) -> anyhow::Result<&Self> {
        let is_bad =
            |c: char| (c.is_control() && !"\n\t".contains(c)) || "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}".contains(c);
        ensure!(
            !self.stdout.contains(is_bad) && !self.stderr.contains(is_bad),
            "{self}; a control character was printed"
        );
        Ok(self)
    }

    pub(crate) fn succeeded(&self) -> anyhow::Result<&Self> {
        self.is_calm()?;
        ensure!(self.code() == Some(0), "{self}");
        Ok(self)
    }

    /// It ended with one of these codes; where that is not 0, with one line that begins with `error: `, in the end.
    pub(crate) fn answered(&self, codes: &[i32]) -> anyhow::Result<&Self> {
        self.is_calm()?;
        match self.code() {
            Some(code) if codes.contains(&code) => (),
            _ => bail!("{self}; expected exit code {codes:?}"),
        }
        let errors = self.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        ensure!(self.code() == Some(0) || errors == 1, "{self}; expected one error, not {errors}");
        Ok(self)
    }

    /// Its last line is an error of a reasonable length that names a file.
    pub(crate) fn blames(&self, path: &Path) -> anyhow::Result<()> {
        let last = self.stderr.trim_end().lines().last().unwrap_or_default();
        ensure!(last.starts_with("error: "), "{self}; expected the error in the last line");
        ensure!(last.chars().count() < 2000, "{self}; the error is too long");
        ensure!(last.contains(&*path.to_string_lossy()), "{self}; expected an error that names {}", path.display());
        Ok(())
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code(), self.signal()) {
            (Some(code), _) => write!(f, "`{}` ended with {code}", self.words)?,
            (None, Some(signal)) => write!(f, "`{}` was ended by signal {signal}", self.words)?,
            _ => write!(f, "`{}` was not done after {:.0} s", self.words, self.seconds)?,
        }
        let last: Vec<&str> = self.stderr.lines().rev().take(6).collect();
        let said: String = last.into_iter().rev().collect::<Vec<_>>().join(" ⏎ ");
        write!(f, ": {}", said.chars().take(900).collect::<String>())
    }
}
