//! Whole numbers as bytes that deflate packs well.
//!
//! Numbers near zero of either sign become small (0, -1, 1, -2 become 0, 1, 2, 3), column after column stands together, and all
//! lowest bytes come before all second ones. Bytes that would be zero for all numbers are left out; one a number always stays.

/// The bytes of rows of so many columns.
pub(super) fn from_integers(rows: &[i32], columns: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let largest = rows.iter().copied().map(folded).max().unwrap_or(0);
    let bytes_each = (4 - largest.leading_zeros() / 8).max(1);
    for byte in 0..bytes_each {
        for column in 0..columns {
            let numbers = rows.iter().skip(column).step_by(columns);
            bytes.extend(numbers.map(|number| folded(*number).to_le_bytes()[byte as usize]));
        }
    }
    bytes
}

/// The rows of bytes that [`from_integers`] made of so many numbers; `bytes` are one to four times as many.
pub(super) fn to_integers(bytes: &[u8], count: usize, columns: usize) -> Vec<i32> {
    let mut rows = vec![0u32; count];
    let num_rows = count / columns.max(1);
    for (at, byte) in bytes.iter().enumerate() {
        let (place, in_plane) = (at / count, at % count);
        let (column, row) = (in_plane / num_rows, in_plane % num_rows);
        rows[row * columns + column] |= u32::from(*byte) << (8 * place);
    }
    rows.into_iter().map(unfolded).collect()
}

/// 0, -1, 1, -2, … as 0, 1, 2, 3, …
fn folded(number: i32) -> u32 {
    ((number << 1) ^ (number >> 31)).cast_unsigned()
}

fn unfolded(number: u32) -> i32 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back() {
        let rows = [0, -1, 1, 200, -300, 70_000, i32::MIN, i32::MAX, 5, -20_000_000, 3, 4];
        for columns in [1, 2, 3, 4, 6, 12] {
            let bytes = from_integers(&rows, columns);
            assert_eq!((to_integers(&bytes, 12, columns), bytes.len()), (rows.to_vec(), 48), "{columns}");
        }
        assert!(from_integers(&[], 3).is_empty() && to_integers(&[], 0, 3).is_empty());
    }

    #[test]
    fn small_numbers_take_a_byte_and_columns_stand_together() {
        assert_eq!(from_integers(&[0, -128, -1, 127], 2), [0, 1, 255, 254]);
        assert_eq!(from_integers(&[0, 128, 1, 0], 2), [0, 2, 0, 0, 0, 0, 1, 0]);
        assert_eq!(from_integers(&[0, 0], 1), [0, 0]);
    }
}
