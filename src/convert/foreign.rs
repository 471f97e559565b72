//! Messages about packed files of Gaussians and files of points, which are no scenes.

use std::path::Path;

use serde_ply::PlyHeader;

/// Endings of files of Gaussians, with descriptions.
const ENDINGS: [(&str, &str); 6] = [
    ("splat", "Gaussians in the .splat format"),
    ("ksplat", "Gaussians in the .ksplat format"),
    ("spz", "Gaussians in Niantic's .spz format"),
    ("sog", "Gaussians in PlayCanvas's .sog format"),
    ("sogs", "Gaussians in PlayCanvas's .sogs format"),
    ("rad", "Gaussians in the .rad format"),
];

/// Advice for Gaussians that are not in a plain PLY file.
const PACKED: &str = "`splat-transform` makes a plain .ply of it, which is read";

/// Whether a file holds Gaussians that splat viewers have packed, by its ending.
#[must_use]
pub fn is_packed_gaussians(path: &Path) -> bool {
    packed_gaussians(path).is_some()
}

/// A sentence about a packed file of splat viewers, by its ending, with advice.
pub(super) fn packed_gaussians(path: &Path) -> Option<String> {
    let ending = super::extension(path);
    let (_, what) = ENDINGS.iter().find(|(known, _)| *known == ending)?;
    Some(format!("it holds {what}; {PACKED}"))
}

/// A sentence about the content of a PLY file without convexes, where it is known.
pub(super) fn in_ply(header: &PlyHeader) -> Option<String> {
    let element = |name: &str| header.elem_defs.iter().find(|element| element.name == name);
    let vertex = element("vertex")?;
    if vertex.has_property("packed_position") {
        return Some(format!("it holds Gaussians in the compressed PLY of splat viewers; {PACKED}"));
    }
    if !["x", "y", "z"].iter().all(|name| vertex.has_property(name)) || element("convex").is_some() {
        return None;
    }
    let points = vertex.count;
    let what = match element("face").or_else(|| element("tristrips")).map_or(0, |faces| faces.count) {
        0 => format!("it is a cloud of {points} points, not a scene"),
        faces => format!("it is a mesh of {points} vertices and {faces} faces, not a scene"),
    };
    Some(format!("{what}; a training starts from such points: `lapidary train DATASET --points FILE`"))
}

#[cfg(test)]
mod tests {
    use serde_ply::PlyReader;

    use super::*;

    fn said(elements: &str) -> Option<String> {
        let head = format!("ply\nformat ascii 1.0\n{elements}end_header\n");
        in_ply(PlyReader::from_reader(head.as_bytes()).unwrap().header())
    }

    #[test]
    fn the_content_of_ply_files_without_convexes_is_named() {
        let xyz = "property float x\nproperty float y\nproperty float z\n";
        let chunk = "element chunk 1\nproperty float min_x\nelement vertex 9\nproperty uint packed_position\n";
        let face = format!("element vertex 8\n{xyz}element face 6\nproperty list uchar int vertex_indices\n");
        for (elements, expected) in [
            (chunk, "compressed PLY"),
            (&format!("element vertex 600\n{xyz}property uchar red\n"), "a cloud of 600 points"),
            (&face, "a mesh of 8 vertices and 6 faces"),
        ] {
            let said = said(elements).unwrap();
            assert!(said.contains(expected), "{said} lacks {expected}");
        }
        assert_eq!(said("element face 1\nproperty float x\n"), None);
        assert_eq!(said(&format!("element vertex 1\n{xyz}element convex 1\nproperty float sh\n")), None);
    }

    #[test]
    fn files_of_splat_viewers_are_known_by_their_endings() {
        for name in ["a.splat", "b/A.SPZ", "c.ksplat", "d.sog"] {
            assert!(packed_gaussians(Path::new(name)).unwrap().contains("Gaussians"), "{name}");
        }
        assert!(!is_packed_gaussians(Path::new("a.ply")) && !is_packed_gaussians(Path::new("a.zip")));
    }
}
