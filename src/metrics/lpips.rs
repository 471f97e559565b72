//! LPIPS: the distance of two pictures in the features of a network that was trained on photographs.
//!
//! ```text
//! picture ─► scaled to the network's range ─► blocks of 3×3 convolutions with ReLU, halved between the blocks
//! LPIPS = Σ over blocks, mean over pixels of  lin · (a/‖a‖ − b/‖b‖)²     a, b: channels of a pixel behind the block
//! ```
//!
//! The network is VGG16; its weights are a file of the user's and never part of this crate (docs/evaluating.md says how
//! to make one). Everything runs on the processor: a block is worked on in strips of rows, each with as many rows more
//! as its convolutions reach, so that memory stays small, and every core has its own. Heights of strips are constants of
//! the picture, so the value does not depend on the number of threads.
//!
//! Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayViewMut2, s};
use rayon::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors};

use crate::files::{self, FileError};
use crate::image::Image;

/// Channels behind each convolution of VGG16, block by block.
const VGG16: [&[usize]; 5] = [&[64, 64], &[128, 128], &[256, 256, 256], &[512, 512, 512], &[512, 512, 512]];

/// Mean and standard deviation of the pictures that the network was trained on, for values in −1..=1.
const SHIFT: [f32; 3] = [-0.030, -0.088, -0.188];
const SCALE: [f32; 3] = [0.458, 0.448, 0.450];

/// Keeps the length of a pixel without any feature from being divided by.
const TINY: f32 = 1e-10;

/// Values in the 3×3 window of one channel.
const TAPS: usize = 9;

/// Pixels whose windows are multiplied with the weights at once.
const PIXELS_AT_ONCE: usize = 1024;

/// Pixels of a strip, about.
const STRIP_PIXELS: usize = 1 << 15;

/// Fewest and most rows of a strip; even, so that halving a strip is halving the picture.
const STRIP_ROWS: [usize; 2] = [16, 64];

/// Largest file of weights, bytes; VGG16 has 59 MB.
const MAX_FILE_BYTES: u64 = 1 << 28;

/// The range of values in which a picture is given to the network. The two distances differ and must not be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LpipsInput {
    /// 0..=1, as in the code of 3DGS, and so in every table of the field.
    ZeroToOne,
    /// −1..=1, as the network was trained.
    MinusOneToOne,
}

/// Weights that could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LpipsError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// The content of the file.
    #[error("{} does not hold the weights of LPIPS (VGG16): {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// A sentence with the expected and the found content.
        reason: String,
    },
}

/// A network with its weights.
#[derive(Debug)]
pub struct Lpips {
    blocks: Vec<Block>,
}

/// Convolutions of one resolution, and how much each channel behind them counts.
#[derive(Debug)]
struct Block {
    convolutions: Vec<Convolution>,
    /// `[C]`
    lin: Vec<f32>,
}

#[derive(Debug)]
struct Convolution {
    /// `[O, I·9]`: windows row-major, channel after channel.
    weight: Array2<f32>,
    /// `[O]`
    bias: Vec<f32>,
}

impl Lpips {
    /// Reads the weights of VGG16 and of the linear layers from a safetensors file: `conv{0..12}.weight` `[O, I, 3, 3]`,
    /// `conv{0..12}.bias` `[O]` and `lin{0..4}.weight` `[C]`, all F32.
    ///
    /// # Errors
    /// [`LpipsError`] naming the file, and the tensor at fault.
    pub fn load(path: &Path) -> Result<Self, LpipsError> {
        let content = |reason: String| LpipsError::Content { path: path.into(), reason };
        let bytes = files::read_at_most(path, MAX_FILE_BYTES)?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| content(error.to_string()))?;
        Self::of_tensors(&tensors, &VGG16).map_err(content)
    }

    fn of_tensors(tensors: &SafeTensors<'_>, widths: &[&[usize]]) -> Result<Self, String> {
        let mut from = 3;
        let mut convolution_index = 0;
        let mut blocks = Vec::new();
        for (block_index, widths) in widths.iter().enumerate() {
            let mut convolutions = Vec::new();
            for to in widths.iter().copied() {
                let weight = floats(tensors, &format!("conv{convolution_index}.weight"), &[to, from, 3, 3])?;
                let bias = floats(tensors, &format!("conv{convolution_index}.bias"), &[to])?;
                let weight = Array2::from_shape_vec((to, from * TAPS), weight).map_err(|error| error.to_string())?;
                convolutions.push(Convolution { weight, bias });
                (from, convolution_index) = (to, convolution_index + 1);
            }
            blocks.push(Block { convolutions, lin: floats(tensors, &format!("lin{block_index}.weight"), &[from])? });
        }
        Ok(Self { blocks })
    }

    /// Smallest side of a picture that has a distance, pixels.
    #[must_use]
    pub fn min_side(&self) -> usize {
        1 << self.blocks.len().saturating_sub(1)
    }

    /// The distance of two pictures with values in 0..=1, taken as they are; 0 for equal ones. `None` where a side is
    /// shorter than [`Self::min_side`].
    ///
    /// # Panics
    /// When the pictures differ in size: a bug of the caller.
    #[must_use]
    pub fn distance(&self, image: &Image, truth: &Image, input: LpipsInput) -> Option<f64> {
        assert_eq!((image.width, image.height), (truth.width, truth.height), "LPIPS is of images of one size");
        if image.width.min(image.height) < self.min_side() {
            return None;
        }
        let mut pair = [image, truth].map(|picture| scaled(picture, input));
        let mut distance = 0.0;
        for block in &self.blocks {
            let (of_block, halved) = block.run(&pair);
            distance += of_block;
            pair = halved;
        }
        Some(distance)
    }
}

/// A tensor of this shape.
fn floats(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|_| format!("tensor `{name}` is missing"))?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        let (found, dtype) = (tensor.shape(), tensor.dtype());
        return Err(format!("tensor `{name}` is {dtype:?} {found:?}, expected F32 {shape:?}"));
    }
    let values: Vec<f32> = bytemuck::pod_collect_to_vec(tensor.data());
    if values.iter().any(|value| !value.is_finite()) {
        return Err(format!("tensor `{name}` has values that are not finite"));
    }
    Ok(values)
}

/// The input of the network.
fn scaled(picture: &Image, input: LpipsInput) -> Map {
    let pixels = picture.width * picture.height;
    let mut map = Map::zeros(3, picture.height, picture.width);
    for (i, value) in picture.data.iter().copied().enumerate() {
        let channel = i % 3;
        let value = if input == LpipsInput::ZeroToOne { value } else { 2.0 * value - 1.0 };
        map.data[channel * pixels + i / 3] = (value - SHIFT[channel]) / SCALE[channel];
    }
    map
}

impl Block {
    /// The block's part of the distance, and the input of the next block.
    fn run(&self, pair: &[Map; 2]) -> (f64, [Map; 2]) {
        let (height, width) = (pair[0].height, pair[0].width);
        let rows = (STRIP_PIXELS / width.max(1)).clamp(STRIP_ROWS[0], STRIP_ROWS[1]) / 2 * 2;
        let strips: Vec<(f64, [Map; 2])> = (0..height.div_ceil(rows))
            .into_par_iter()
            .map(|strip| self.run_strip(pair, strip * rows..((strip + 1) * rows).min(height)))
            .collect();
        let sum: f64 = strips.iter().map(|(sum, _)| sum).sum();
        let stitch = |which: usize| {
            let mut whole = Map::zeros(self.lin.len(), height / 2, width / 2);
            let mut row = 0;
            for (_, halved) in &strips {
                whole.put(row, &halved[which]);
                row += halved[which].height;
            }
            whole
        };
        (sum / (height * width) as f64, [stitch(0), stitch(1)])
    }

    /// The sum over some rows, and these rows halved.
    fn run_strip(&self, pair: &[Map; 2], rows: Range<usize>) -> (f64, [Map; 2]) {
        // Each convolution reaches a row further. Rows beyond the strip become wrong from outside in and are dropped;
        // beyond the picture is zero, as it should be.
        let reach = self.convolutions.len();
        let first = rows.start.saturating_sub(reach);
        let last = (rows.end + reach).min(pair[0].height);
        let features = pair.each_ref().map(|map| {
            let mut map = map.rows(first..last);
            for convolution in &self.convolutions {
                map = convolution.run(&map);
            }
            map.rows(rows.start - first..rows.end - first)
        });
        (self.difference(&features), features.map(|map| map.halved()))
    }

    /// Sum over pixels of the weighted squared differences of normalised channels.
    fn difference(&self, [a, b]: &[Map; 2]) -> f64 {
        let pixels = a.height * a.width;
        let planes = || a.data.chunks_exact(pixels).zip(b.data.chunks_exact(pixels));
        let mut squares = vec![[0.0f32; 2]; pixels];
        for (a, b) in planes() {
            for ((square, a), b) in squares.iter_mut().zip(a).zip(b) {
                square[0] += a * a;
                square[1] += b * b;
            }
        }
        let factors: Vec<[f32; 2]> =
            squares.iter().map(|pair| pair.map(|square| 1.0 / (square.sqrt() + TINY))).collect();
        let mut sums = vec![0.0f32; pixels];
        for ((a, b), lin) in planes().zip(&self.lin) {
            for (((sum, factor), a), b) in sums.iter_mut().zip(&factors).zip(a).zip(b) {
                let apart = a * factor[0] - b * factor[1];
                *sum += lin * apart * apart;
            }
        }
        sums.into_iter().map(f64::from).sum()
    }
}

impl Convolution {
    /// The convolution of a map with zeros around it, clipped at zero.
    fn run(&self, map: &Map) -> Map {
        let mut out = Map::zeros(self.bias.len(), map.height, map.width);
        let pixels = map.height * map.width;
        let rows_at_once = (PIXELS_AT_ONCE / map.width).max(1);
        let Ok(mut outputs) = ArrayViewMut2::from_shape((self.bias.len(), pixels), &mut out.data) else { return out };
        for first in (0..map.height).step_by(rows_at_once) {
            let rows = first..(first + rows_at_once).min(map.height);
            let windows = map.windows(rows.clone());
            let mut part = outputs.slice_mut(s![.., rows.start * map.width..rows.end * map.width]);
            for (mut channel, bias) in part.rows_mut().into_iter().zip(&self.bias) {
                channel.fill(*bias);
            }
            general_mat_mul(1.0, &self.weight, &windows, 1.0, &mut part);
            part.mapv_inplace(|value| value.max(0.0));
        }
        out
    }
}

/// Channels of a picture, `[C, H, W]`.
#[derive(Debug, Clone)]
struct Map {
    height: usize,
    width: usize,
    data: Vec<f32>,
}

impl Map {
    fn zeros(channels: usize, height: usize, width: usize) -> Self {
        Self { height, width, data: vec![0.0; channels * height * width] }
    }

    fn channels(&self) -> usize {
        self.data.len() / (self.height * self.width).max(1)
    }

    /// A copy of some rows.
    fn rows(&self, rows: Range<usize>) -> Self {
        let mut data = Vec::with_capacity(self.channels() * rows.len() * self.width);
        for channel in self.data.chunks_exact(self.height * self.width) {
            data.extend_from_slice(&channel[rows.start * self.width..rows.end * self.width]);
        }
        Self { height: rows.len(), width: self.width, data }
    }

    /// Writes the rows of `part` from `first` on.
    fn put(&mut self, first: usize, part: &Self) {
        let (plane, len) = (self.height * self.width, part.height * part.width);
        if len == 0 {
            return;
        }
        for (to, from) in self.data.chunks_exact_mut(plane).zip(part.data.chunks_exact(len)) {
            to[first * self.width..first * self.width + len].copy_from_slice(from);
        }
    }

    /// The largest of each two by two pixels; a last odd row or column is dropped.
    fn halved(&self) -> Self {
        let mut half = Self::zeros(self.channels(), self.height / 2, self.width / 2);
        if half.data.is_empty() {
            return half;
        }
        let planes = self.data.chunks_exact(self.height * self.width);
        for (to, from) in half.data.chunks_exact_mut(half.height * half.width).zip(planes) {
            for (to, two) in to.chunks_exact_mut(half.width).zip(from.chunks_exact(2 * self.width)) {
                let (upper, lower) = two.split_at(self.width);
                for ((to, upper), lower) in to.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
                    *to = upper[0].max(upper[1]).max(lower[0]).max(lower[1]);
                }
            }
        }
        half
    }

    /// The 3×3 windows around the pixels of some rows, `[C·9, pixels]`; outside the map is zero.
    fn windows(&self, rows: Range<usize>) -> Array2<f32> {
        let (width, pixels) = (self.width, rows.len() * self.width);
        let mut windows = Array2::zeros((self.channels() * TAPS, pixels));
        for (i, mut line) in windows.rows_mut().into_iter().enumerate() {
            let (channel, [dy, dx]) = (i / TAPS, [i % TAPS / 3, i % 3]);
            let Some(line) = line.as_slice_mut() else { continue };
            // Row and column of the window's value are those of the pixel, and `dy − 1` and `dx − 1` more.
            let to = 1usize.saturating_sub(dx)..width - dx.saturating_sub(1);
            for (row, line) in rows.clone().zip(line.chunks_exact_mut(width)) {
                let Some(row) = (row + dy).checked_sub(1).filter(|row| *row < self.height) else { continue };
                let start = (channel * self.height + row) * width;
                line[to.clone()].copy_from_slice(&self.data[start + to.start + dx - 1..][..to.len()]);
            }
        }
        windows
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::tensor::TensorView;

    use super::*;

    /// Channels of a network that is small enough to be followed by plain loops.
    const TOY: [&[usize]; 3] = [&[4, 5], &[6], &[7, 3, 5]];

    fn random(seed: usize, len: usize) -> Vec<f32> {
        (0..len).map(|i| ((i + seed * 7919) as f32 * 12.9898).sin() * 437.585).map(|x| x.fract()).collect()
    }

    /// Shapes and values by name.
    type Tensors = HashMap<String, (Vec<usize>, Vec<f32>)>;

    fn tensors(widths: &[&[usize]]) -> Tensors {
        let (mut from, mut index) = (3, 0);
        let mut tensors = HashMap::new();
        for (block, widths) in widths.iter().enumerate() {
            for to in widths.iter().copied() {
                tensors.insert(format!("conv{index}.weight"), (vec![to, from, 3, 3], random(index, to * from * 9)));
                tensors.insert(format!("conv{index}.bias"), (vec![to], random(index + 50, to)));
                (from, index) = (to, index + 1);
            }
            let lin = random(block + 90, from).iter().map(|x| x.abs()).collect();
            tensors.insert(format!("lin{block}.weight"), (vec![from], lin));
        }
        tensors
    }

    fn serialized(tensors: &Tensors) -> Vec<u8> {
        let view = |(shape, data): &(Vec<usize>, Vec<f32>)| {
            TensorView::new(Dtype::F32, shape.clone(), bytemuck::cast_slice(data)).unwrap().data().to_vec()
        };
        let data: HashMap<&String, Vec<u8>> = tensors.iter().map(|(name, tensor)| (name, view(tensor))).collect();
        let views = data
            .iter()
            .map(|(name, data)| (name, TensorView::new(Dtype::F32, tensors[*name].0.clone(), data).unwrap()));
        safetensors::serialize(views, None).unwrap()
    }

    fn toy() -> Lpips {
        let bytes = serialized(&tensors(&TOY));
        Lpips::of_tensors(&SafeTensors::deserialize(&bytes).unwrap(), &TOY).unwrap()
    }

    /// The definition, pixel by pixel in f64.
    fn plain(image: &Image, truth: &Image, is_normalised: bool) -> f64 {
        let tensors = tensors(&TOY);
        let (mut height, mut width) = (image.height, image.width);
        let mut pair = [image, truth].map(|picture| -> Vec<Vec<f64>> {
            let value = |c: usize, i: usize| {
                let x = f64::from(picture.data[i * 3 + c]);
                let x = if is_normalised { x * 2.0 - 1.0 } else { x };
                (x - f64::from(SHIFT[c])) / f64::from(SCALE[c])
            };
            (0..3).map(|c| (0..width * height).map(|i| value(c, i)).collect()).collect()
        });
        let (mut index, mut distance) = (0, 0.0);
        for (block, widths) in TOY.iter().enumerate() {
            for _ in *widths {
                let (weight, bias) = (&tensors[&format!("conv{index}.weight")], &tensors[&format!("conv{index}.bias")]);
                let inputs = weight.0[1];
                pair = pair.map(|map| {
                    let at = |c: usize, y: isize, x: isize| {
                        let inside = (0..height as isize).contains(&y) && (0..width as isize).contains(&x);
                        if inside { map[c][(y * width as isize + x) as usize] } else { 0.0 }
                    };
                    let pixel = |o: usize, y: usize, x: usize| {
                        let mut sum = f64::from(bias.1[o]);
                        for (c, dy, dx) in (0..inputs * 9).map(|i| (i / 9, i % 9 / 3, i % 3)) {
                            let value = at(c, (y + dy) as isize - 1, (x + dx) as isize - 1);
                            sum += f64::from(weight.1[((o * inputs + c) * 3 + dy) * 3 + dx]) * value;
                        }
                        sum.max(0.0)
                    };
                    let plane = |o| (0..height * width).map(|i| pixel(o, i / width, i % width)).collect();
                    (0..bias.1.len()).map(plane).collect()
                });
                index += 1;
            }
            let lin = &tensors[&format!("lin{block}.weight")].1;
            for i in 0..height * width {
                let length = |map: &[Vec<f64>]| map.iter().map(|c| c[i] * c[i]).sum::<f64>().sqrt() + 1e-10;
                let (a, b) = (length(&pair[0]), length(&pair[1]));
                let parts = (0..lin.len()).map(|c| f64::from(lin[c]) * (pair[0][c][i] / a - pair[1][c][i] / b).powi(2));
                distance += parts.sum::<f64>() / (height * width) as f64;
            }
            let (half_height, half_width) = (height / 2, width / 2);
            pair = pair.map(|map| {
                let largest = |c: &Vec<f64>, i: usize| {
                    let at = 2 * (i / half_width) * width + 2 * (i % half_width);
                    [at, at + 1, at + width, at + width + 1].map(|i| c[i]).into_iter().fold(0.0, f64::max)
                };
                map.iter().map(|c| (0..half_height * half_width).map(|i| largest(c, i)).collect()).collect()
            });
            (height, width) = (half_height, half_width);
        }
        distance
    }

    fn picture(seed: usize, width: usize, height: usize) -> Image {
        Image::new(width, height, random(seed, width * height * 3).iter().map(|x| x.abs()).collect())
    }

    #[test]
    fn equals_plain_loops() {
        // Odd sides, one strip and several with a rest, and a row longer than what is multiplied at once.
        for (width, height) in [(4, 4), (37, 53), (61, 139), (1100, 21)] {
            let (image, truth) = (picture(1, width, height), picture(2, width, height));
            for (input, is_normalised) in [(LpipsInput::ZeroToOne, false), (LpipsInput::MinusOneToOne, true)] {
                let found = toy().distance(&image, &truth, input).unwrap();
                let expected = plain(&image, &truth, is_normalised);
                println!("{width}×{height} {input:?}: {found}, {expected}");
                // Sums of some hundred terms in f32.
                assert!((found / expected - 1.0).abs() < 1e-5, "{width}×{height} {input:?}: {found}, {expected}");
            }
        }
    }

    #[test]
    fn equal_pictures_are_not_apart_and_small_ones_have_no_distance() {
        let image = picture(1, 20, 17);
        assert_eq!(toy().distance(&image, &image, LpipsInput::ZeroToOne), Some(0.0));
        let small = picture(1, 20, 3);
        assert_eq!(toy().distance(&small, &small, LpipsInput::ZeroToOne), None);
    }

    #[test]
    fn weights_of_another_shape_are_refused_by_name() {
        let refusal = |change: &dyn Fn(&mut Tensors)| {
            let mut tensors = tensors(&TOY);
            change(&mut tensors);
            let bytes = serialized(&tensors);
            Lpips::of_tensors(&SafeTensors::deserialize(&bytes).unwrap(), &TOY).unwrap_err()
        };
        let missing = refusal(&|tensors| drop(tensors.remove("conv1.bias")));
        assert_eq!(missing, "tensor `conv1.bias` is missing");
        let turned = refusal(&|tensors| tensors.get_mut("conv0.weight").unwrap().0 = vec![3, 4, 3, 3]);
        assert_eq!(turned, "tensor `conv0.weight` is F32 [3, 4, 3, 3], expected F32 [4, 3, 3, 3]");
        let broken = refusal(&|tensors| tensors.get_mut("lin2.weight").unwrap().1[0] = f32::NAN);
        assert_eq!(broken, "tensor `lin2.weight` has values that are not finite");
    }
}
