// Compilers may assume that there is no NaN and drop a test by comparison; they cannot drop one of the bits.
fn is_finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}
