// Span and blur of an SSIM window. Needs BlurValue, the type of the values that are blurred.

alias Span = array<BlurValue, SPAN>;

// Weighted sum over the window that begins at `i`.
fn blur(span: ptr<function, Span>, i: u32) -> BlurValue {
    return SSIM_WEIGHT_5 * ((*span)[i] + (*span)[i + 10u])
        + SSIM_WEIGHT_4 * ((*span)[i + 1u] + (*span)[i + 9u])
        + SSIM_WEIGHT_3 * ((*span)[i + 2u] + (*span)[i + 8u])
        + SSIM_WEIGHT_2 * ((*span)[i + 3u] + (*span)[i + 7u])
        + SSIM_WEIGHT_1 * ((*span)[i + 4u] + (*span)[i + 6u])
        + SSIM_WEIGHT_0 * (*span)[i + 5u];
}

// Runs of rows that a thread blurs, at most.
const TURNS: u32 = (SIDE * RUNS + THREADS - 1u) / THREADS;
