//! Random changes to files, such as broken disks, broken copies and broken programs make.

use crate::case::Chance;

/// Numbers that readers of binary files trip over.
const NUMBERS: [u64; 10] = [
    0,
    1,
    0xff,
    u64::MAX,
    1 << 31,
    1 << 32,
    1 << 60,
    0x7ff8_0000_0000_0000, // NaN
    0x7ff0_0000_0000_0000, // infinity
    0x7f80_0000_7fc0_0000, // single precision: NaN, then infinity
];

/// Words that readers of text trip over.
const WORDS: [&str; 18] = [
    "nan",
    "-1",
    "0",
    "1e999",
    "-inf",
    "99999999999999999999",
    "4294967296",
    "1e-320",
    "null",
    "[]",
    "{",
    "\"",
    "\n",
    "\0",
    "#",
    "../",
    "/dev/zero",
    "\u{202e}\u{1b}[31m",
];

/// A copy with one to three changes.
pub(crate) fn mutated(bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=chance.below(3) {
        change(&mut bytes, chance);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, chance: &mut Chance) {
    // Headers are small, and most of what can go wrong is in them.
    let reach = if chance.is(0.5) { bytes.len().min(400) } else { bytes.len() };
    let at = chance.below(reach);
    let length = chance.below(32).min(bytes.len() - at);
    let end = at + length;
    match chance.below(9) {
        0 => bytes[at..end.min(at + 1)].fill(chance.bits().to_le_bytes()[0]),
        1 => bytes[at..end.min(at + 1)].iter_mut().for_each(|byte| *byte ^= 1 << chance.below(8)),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..end)),
        4 => drop(bytes.splice(at..end, word(chance).bytes())),
        5 => bytes.extend_from_within(at..end),
        6 => bytes[at..end].fill(0),
        7 => replace_number(bytes, at, chance),
        _ => {
            let number = NUMBERS[chance.below(NUMBERS.len())].to_le_bytes();
            let length = [1, 2, 4, 8][chance.below(4)].min(bytes.len() - at);
            bytes[at..at + length].copy_from_slice(&number[..length]);
        }
    }
}

fn word(chance: &mut Chance) -> &'static str {
    WORDS[chance.below(WORDS.len())]
}

/// Puts a word in place of the next number of a text.
fn replace_number(bytes: &mut Vec<u8>, from: usize, chance: &mut Chance) {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let Some(at) = bytes.iter().skip(from).position(is_digit).map(|offset| from + offset) else { return };
    let length = bytes[at..].iter().take_while(|byte| is_digit(byte) || **byte == b'.').count();
    drop(bytes.splice(at..at + length, word(chance).bytes()));
}
