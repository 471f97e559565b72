//! Pictures of every kind become the same eight bits.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageBuffer, ImageEncoder as _, Luma, Rgba};
use lapidary::dataset::{AlphaMode, Picture};

use super::*;

const CAMERA: &str = "PINHOLE 40 30 50 50 20 15";

/// The only picture of a dataset whose file is `name`.
fn load(name: &str, save: impl Fn(&Path), options: &DatasetOptions) -> Picture {
    let folder = tempfile::tempdir().unwrap();
    write_text_model(&folder.path().join("sparse/0"), CAMERA, &[name]);
    std::fs::create_dir_all(folder.path().join("images")).unwrap();
    save(&folder.path().join("images").join(name));
    Dataset::open(folder.path(), options).unwrap().load(0).unwrap()
}

#[test]
fn eight_and_sixteen_bits_grey_and_colour_of_every_kind() {
    let wide = ImageBuffer::from_fn(40, 30, |x, y| Rgb([x as u16 * 257, y as u16 * 257 + 100, 7 * 257]));
    let narrow = RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8, y as u8, 7]));
    let default = DatasetOptions::default();
    let expected: Vec<[u8; 4]> = narrow.pixels().map(|p| [p[0], p[1], p[2], 255]).collect();
    for name in ["a.png", "a.webp", "a.tif", "a.TIFF", "a.bmp"] {
        assert_eq!(load(name, |path| narrow.save(path).unwrap(), &default).pixels, expected, "{name}");
    }
    assert_eq!(load("w.png", |path| wide.save(path).unwrap(), &default).pixels, expected, "16 bits, rounded");
    let grey = ImageBuffer::from_pixel(40, 30, Luma([51u16 * 257]));
    assert_eq!(load("g.png", |path| grey.save(path).unwrap(), &default).pixels[0], [51, 51, 51, 255]);
    let jpeg = load("a.jpg", |path| narrow.save(path).unwrap(), &default);
    let error = |(a, b): (&[u8; 4], &[u8; 4])| (0..3).map(|i| a[i].abs_diff(b[i])).max().unwrap();
    assert!(jpeg.pixels.iter().zip(&expected).map(error).max().unwrap() < 12);
}

#[test]
fn transparency_is_put_before_the_background_or_does_not_count() {
    let glass = |path: &Path| ImageBuffer::from_pixel(40, 30, Rgba([200u8, 100, 0, 51])).save(path).unwrap();
    let white = DatasetOptions { background: [1.0; 3], ..DatasetOptions::default() };
    assert_eq!(load("a.png", glass, &white).pixels[0], [244, 224, 204, 255]);
    let mask = DatasetOptions { alpha: AlphaMode::Mask, ..white };
    assert_eq!(load("a.png", glass, &mask).pixels[0], [200, 100, 0, 51]);
}

#[test]
fn masks_by_either_name_hide_what_is_black() {
    for mask in ["masks/a.jpg.png", "masks/a.png", "masks/a.jpg"] {
        let folder = tempfile::tempdir().unwrap();
        write_text_model(&folder.path().join("sparse/0"), CAMERA, &["a.jpg"]);
        write_picture(&folder.path().join("images/a.jpg"), 40, 30);
        std::fs::create_dir_all(folder.path().join("masks")).unwrap();
        let half = image::GrayImage::from_fn(40, 30, |x, _| Luma([if x < 16 { 0 } else { 255 }]));
        half.save(folder.path().join(mask)).unwrap();
        let dataset = open(folder.path());
        assert_eq!(dataset.views[0].mask().unwrap(), folder.path().join(mask));
        let picture = dataset.load(0).unwrap();
        let weights: Vec<u8> = picture.pixels[40..80].iter().map(|pixel| pixel[3]).collect();
        assert_eq!(weights, [[0; 16].as_slice(), &[255; 24]].concat(), "{mask}");
    }
}

/// A TIFF header with one entry: tag 0x0112, a short.
fn exif(orientation: u8) -> Vec<u8> {
    [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0], &[0; 4]].concat()
}

fn save_turned(path: &Path, picture: &RgbImage, orientation: u8) {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    DynamicImage::from(picture.clone()).write_with_encoder(encoder).unwrap();
    write(path, bytes);
}

#[test]
fn exif_turns_a_picture_only_when_its_camera_was_turned_as_well() {
    let default = DatasetOptions::default();
    // The left half is bright; turned to the right, the upper half is.
    let half = |width: u32, height: u32| {
        RgbImage::from_fn(width, height, |x, _| Rgb([if x < width / 2 { 200 } else { 10 }; 3]))
    };
    let bright = |picture: &Picture, x: usize, y: usize| picture.pixels[y * picture.width as usize + x][0] > 100;
    for orientation in [1, 3, 6, 8] {
        let picture = load("a.jpg", |path| save_turned(path, &half(40, 30), orientation), &default);
        assert_eq!((picture.width, picture.height), (40, 30));
        assert!(bright(&picture, 5, 15) && !bright(&picture, 35, 15), "as stored, as COLMAP takes it: {orientation}");
    }
    let picture = load("a.jpg", |path| save_turned(path, &half(30, 40), 6), &default);
    assert_eq!((picture.width, picture.height), (40, 30));
    assert!(bright(&picture, 20, 5) && !bright(&picture, 20, 25), "by 90° to the right");
    let picture = load("a.jpg", |path| save_turned(path, &half(30, 40), 8), &default);
    assert!(!bright(&picture, 20, 5) && bright(&picture, 20, 25), "by 90° to the left");
}

#[test]
fn kinds_that_are_not_read_are_named_with_those_that_are() {
    let folder = one_picture(CAMERA);
    for (bytes, kind) in [(&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], "HEIC"), (b"GIF89a\x28\0\x1e\0", "GIF")] {
        write(&folder.path().join("images/a.png"), bytes);
        let message = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap_err().to_string();
        for part in ["a.png", kind, "PNG, JPEG, WebP, TIFF and BMP"] {
            assert!(message.contains(part), "{message} lacks {part}");
        }
    }
}

#[test]
fn pictures_that_are_cut_off_are_refused_when_the_dataset_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    write_text_model(&folder.path().join("sparse/0"), "PINHOLE 800 600 50 50 20 15", &["a.jpg"]);
    let path = folder.path().join("images/a.jpg");
    let noise =
        RgbImage::from_fn(800, 600, |x, y| Rgb([x, y, x * y].map(|v| (v.wrapping_mul(2_654_435_761) >> 9) as u8)));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    noise.save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    assert!(whole.len() > 1 << 17, "larger than what is looked at first: {}", whole.len());
    let open = |bytes: &[u8]| {
        write(&path, bytes);
        Dataset::open(folder.path(), &DatasetOptions::default())
    };
    let zeros = vec![0; whole.len() / 2];
    for bytes in [whole[..whole.len() / 2].to_vec(), [&whole[..whole.len() / 2], &zeros].concat()] {
        let message = open(&bytes).unwrap_err().to_string();
        assert!(message.contains("a.jpg") && message.contains("cut off"), "{message}");
    }
    assert!(open(&[&whole, b"trailer".as_slice()].concat()).unwrap().load(0).is_ok(), "phones append data");
}

#[test]
fn masks_of_another_shape_are_refused_and_of_the_same_shape_scaled() {
    let folder = one_picture(CAMERA);
    let mask = folder.path().join("masks/a.png");
    write_picture(&mask, 30, 40);
    let message = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap_err().to_string();
    for part in ["masks/a.png", "30×40", "images/a.png", "40×30"] {
        assert!(message.contains(part), "{message} lacks {part}");
    }
    image::GrayImage::from_fn(80, 60, |x, _| Luma([if x < 32 { 0 } else { 255 }])).save(&mask).unwrap();
    let picture = open(folder.path()).load(0).unwrap();
    assert_eq!([picture.pixels[15][3], picture.pixels[16][3]], [0, 255]);
}

#[test]
fn masks_of_pictures_that_exif_turns_may_be_turned_as_well() {
    // Stored 40 wide and 30 high, seen 30 wide and 40 high; the mask hides what is seen above.
    for (orientation, hidden) in [(6, [(0, 15), (39, 15)]), (8, [(39, 15), (0, 15)])] {
        let folder = tempfile::tempdir().unwrap();
        write_text_model(&folder.path().join("sparse/0"), CAMERA, &["a.jpg"]);
        let picture = RgbImage::from_pixel(40, 30, Rgb([200, 100, 50]));
        save_turned(&folder.path().join("images/a.jpg"), &picture, orientation);
        std::fs::create_dir_all(folder.path().join("masks")).unwrap();
        let mask = image::GrayImage::from_fn(30, 40, |_, y| Luma([if y < 10 { 0 } else { 255 }]));
        mask.save(folder.path().join("masks/a.png")).unwrap();
        let picture = open(folder.path()).load(0).unwrap();
        let weight = |(x, y): (usize, usize)| picture.pixels[y * 40 + x][3];
        assert_eq!(hidden.map(weight), [0, 255], "orientation {orientation}");
    }
}

/// Just beyond the limit of what is kept whole; a picture of one colour packs well.
#[test]
fn pictures_beyond_the_limit_are_read_where_they_are_made_smaller() {
    let folder = tempfile::tempdir().unwrap();
    write_text_model(&folder.path().join("sparse/0"), "PINHOLE 12000 11200 9000 9000 6000 5600", &["a.png"]);
    std::fs::create_dir_all(folder.path().join("images")).unwrap();
    let whole = image::GrayImage::from_pixel(12_000, 11_200, Luma([77]));
    whole.save(folder.path().join("images/a.png")).unwrap();
    let message = Dataset::open(folder.path(), &DatasetOptions::default()).unwrap_err().to_string();
    assert!(message.contains("12000×11200") && message.contains("`--downscale 2`"), "{message}");
    let options = DatasetOptions { downscale: Some(8), max_width: 300, ..DatasetOptions::default() };
    let picture = Dataset::open(folder.path(), &options).unwrap().load(0).unwrap();
    assert_eq!((picture.width, picture.height), (300, 280));
    assert!(picture.pixels.iter().all(|pixel| *pixel == [77, 77, 77, 255]));
}
