//! Reads files with random changes: the answer is a result, or an error in one line that names the file.

use std::path::Path;

use anyhow::Context as _;

use crate::case::Case;
use crate::mutate::mutated;
use crate::outputs::write;
use crate::program::Ended;
use crate::seeds::Seed;

/// One case in so many uses the device, which takes a hundred times as long.
const DEAR_EVERY: u32 = 100;

/// Address space for the readers of small files, MiB.
const MEMORY: u64 = 2048;

pub(crate) fn run(case: &mut Case<'_>) -> anyhow::Result<()> {
    let is_dear = case.number % DEAR_EVERY == DEAR_EVERY - 1;
    let seeds: Vec<&Seed> = case.ground.seeds()?.iter().filter(|seed| seed.is_dear == is_dear).collect();
    let seed = *case.chance.of(&seeds)?;
    for (path, bytes) in &seed.files {
        write(&case.folder.join(path), bytes)?;
    }
    let original = seed.files.get(Path::new(seed.file)).context("the seed lacks its file")?;
    write(&case.folder.join(seed.file), &mutated(original, &mut case.chance))?;
    let program = seed.program(&case.folder, &case.ground.folder);
    let ended = if is_dear { program.run()? } else { program.memory(MEMORY).limit(10).run()? };
    // The device may be too small for what a file asks for.
    let codes: &[i32] = if is_dear { &[0, 2, 3] } else { &[0, 2] };
    ended.answered(codes).and_then(Ended::is_printable).with_context(|| seed.file)?;
    if ended.code() == Some(2) { ended.blames(&case.folder).with_context(|| seed.file) } else { Ok(()) }
}
