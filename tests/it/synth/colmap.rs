//! Reads a COLMAP binary model by its documentation, knowing nothing of the program's own writer.

use std::path::Path;

use glam::{DMat3, DQuat, DVec2, DVec3};

/// fx, fy, cx, cy and the size of a PINHOLE camera.
pub(super) struct Camera {
    pub(super) id: u32,
    pub(super) size: (u64, u64),
    pub(super) params: [f64; 4],
}

pub(super) struct Picture {
    pub(super) id: u32,
    pub(super) rotation: DMat3,
    pub(super) translation: DVec3,
    pub(super) camera_id: u32,
    pub(super) name: String,
    pub(super) seen: Vec<(DVec2, u64)>,
}

pub(super) struct Point {
    pub(super) id: u64,
    pub(super) position: DVec3,
    pub(super) rgb: [u8; 3],
    pub(super) error: f64,
    pub(super) track: Vec<(u32, u32)>,
}

pub(super) struct Model {
    pub(super) cameras: Vec<Camera>,
    pub(super) pictures: Vec<Picture>,
    pub(super) points: Vec<Point>,
}

pub(super) fn read(folder: &Path) -> Model {
    let open = |name: &str| Reader(std::fs::read(folder.join(name)).unwrap(), 0);
    let list = |name: &str| {
        let mut reader = open(name);
        let count = reader.u64();
        (reader, 0..count)
    };
    let (mut r, all) = list("cameras.bin");
    let cameras = all.map(|_| camera(&mut r)).collect();
    r.finish();
    let (mut r, all) = list("images.bin");
    let pictures = all.map(|_| picture(&mut r)).collect();
    r.finish();
    let (mut r, all) = list("points3D.bin");
    let points = all.map(|_| point(&mut r)).collect();
    r.finish();
    Model { cameras, pictures, points }
}

fn camera(r: &mut Reader) -> Camera {
    let id = r.u32();
    assert_eq!(r.u32(), 1, "the model must be PINHOLE");
    Camera { id, size: (r.u64(), r.u64()), params: [r.f64(), r.f64(), r.f64(), r.f64()] }
}

fn picture(r: &mut Reader) -> Picture {
    let id = r.u32();
    let (w, x, y, z) = (r.f64(), r.f64(), r.f64(), r.f64());
    let rotation = DMat3::from_quat(DQuat::from_xyzw(x, y, z, w));
    let translation = r.vec3();
    let camera_id = r.u32();
    let name = r.text();
    let seen = (0..r.u64()).map(|_| (DVec2::new(r.f64(), r.f64()), r.u64())).collect();
    Picture { id, rotation, translation, camera_id, name, seen }
}

fn point(r: &mut Reader) -> Point {
    let (id, position) = (r.u64(), r.vec3());
    let rgb = r.take();
    let error = r.f64();
    let track = (0..r.u64()).map(|_| (r.u32(), r.u32())).collect();
    Point { id, position, rgb, error, track }
}

struct Reader(Vec<u8>, usize);

impl Reader {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let bytes = self.0[self.1..self.1 + N].try_into().unwrap();
        self.1 += N;
        bytes
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn f64(&mut self) -> f64 {
        f64::from_le_bytes(self.take())
    }

    fn vec3(&mut self) -> DVec3 {
        DVec3::new(self.f64(), self.f64(), self.f64())
    }

    fn text(&mut self) -> String {
        let bytes: Vec<u8> = std::iter::from_fn(|| Some(self.take::<1>()[0]).filter(|byte| *byte != 0)).collect();
        String::from_utf8(bytes).unwrap()
    }

    fn finish(self) {
        assert_eq!(self.1, self.0.len(), "bytes are left over");
    }
}
