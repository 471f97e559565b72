//! The durations and the counts of frames, in numbers.

use egui::{Color32, RichText, Ui};

use crate::gpu::KernelTime;
use crate::kernels::RAMP;
use crate::viewer::session::Session;
use crate::viewer::ui::{DeviceStats, plot};

pub(super) fn show(ui: &mut Ui, session: &Session, device: &DeviceStats<'_>) {
    let (gpu, picture) = (device.gpu, device.picture);
    let last = &picture.last;
    let name = format!("{}{}", gpu.name(), if gpu.is_software() { " (software)" } else { "" });
    ui.add(egui::Label::new(RichText::new(name).weak()).truncate()).on_hover_text(gpu.driver());
    plot::bars(ui, session.frame_times.milliseconds(), 46.0);
    let mut row = |label: &str, value: String| {
        ui.horizontal(|ui| {
            ui.label(label);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.monospace(value));
        });
    };
    let [width, height] = picture.last_size;
    let rate = session.frame_times.per_second().map_or("at rest".to_owned(), |rate| format!("{rate:.0}"));
    row("frames per second", rate);
    row("last frame", format!("{}  {width}×{height}", duration(last.seconds)));
    if let Some(seconds) = picture.refined_seconds {
        row("whole image", duration(seconds));
    }
    let (seen, all) = (grouped(last.num_visible.into()), grouped(device.num_convexes.into()));
    row("convexes seen", format!("{seen} of {all}"));
    row("instances", grouped(last.num_instances.into()));
    if let Some(bytes) = gpu.allocated() {
        let of = gpu.memory().map_or(String::new(), |all| format!(" of {:.1} GiB", all as f64 / f64::from(1 << 30)));
        row("GPU memory", format!("{:.0} MiB{of}", bytes as f64 / f64::from(1 << 20)));
    }
    for (name, milliseconds, _) in KernelTime::by_kernel(&last.kernels) {
        row(name, format!("{milliseconds:.3} ms"));
    }
}

/// Returns a time in the unit that fits it.
#[must_use]
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}

/// Returns a number with its digits in groups of three.
#[must_use]
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Draws the ramp of colours with the values at its ends.
pub(crate) fn legend(painter: &egui::Painter, rect: egui::Rect, low: &str, high: &str) {
    let mut mesh = egui::Mesh::default();
    for (index, [r, g, b, _]) in RAMP.into_iter().enumerate() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes")]
        let colour = Color32::from_rgb((r * 255.0) as u8, (g * 255.0) as u8, (b * 255.0) as u8);
        #[expect(clippy::cast_precision_loss, reason = "a few")]
        let x = rect.left() + rect.width() * index as f32 / (RAMP.len() - 1) as f32;
        mesh.colored_vertex(egui::pos2(x, rect.top()), colour);
        mesh.colored_vertex(egui::pos2(x, rect.bottom()), colour);
        if let Some(at) = u32::try_from(index).ok().and_then(|index| (2 * index).checked_sub(2)) {
            mesh.add_triangle(at, at + 1, at + 2);
            mesh.add_triangle(at + 1, at + 3, at + 2);
        }
    }
    painter.add(mesh);
    let font = egui::FontId::proportional(12.0);
    for (at, align, text) in
        [(rect.left_bottom(), egui::Align2::LEFT_TOP, low), (rect.right_bottom(), egui::Align2::RIGHT_TOP, high)]
    {
        painter.text(at + egui::vec2(0.0, 3.0), align, text, font.clone(), Color32::WHITE);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_have_the_unit_that_fits() {
        assert_eq!([0.0042, 0.9994, 5.337].map(super::duration), ["4.2 ms", "999.4 ms", "5.3 s"]);
    }

    #[test]
    fn digits_are_grouped() {
        let grouped = |number| super::grouped(number).replace('\u{202f}', " ");
        assert_eq!([grouped(7), grouped(1234), grouped(1_000_000)], ["7", "1 234", "1 000 000"]);
    }
}
