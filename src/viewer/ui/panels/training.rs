//! The progress of a training, and its controls.

use egui::Ui;

use crate::text::time_left;
use crate::viewer::live::LiveRate;
use crate::viewer::session::Session;
use crate::viewer::session::action::Action;
use crate::viewer::ui::plot;

pub(super) fn show(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let Some(live) = &session.live else { return };
    let progress = &live.progress;
    #[expect(clippy::cast_possible_truncation, reason = "a part")]
    let part = (f64::from(progress.iteration) / f64::from(progress.iterations.max(1))) as f32;
    ui.add(egui::ProgressBar::new(part).text(format!("{} of {}", progress.iteration, progress.iterations)));
    ui.label(match (&progress.finished, &progress.preparing) {
        (Some(Ok(())), _) => "finished".to_owned(),
        (Some(Err(reason)), _) => format!("failed: {reason}"),
        _ if progress.is_paused => "paused".to_owned(),
        (None, Some(work)) => work.clone(),
        _ if progress.iterations == 0 => "starting".to_owned(),
        _ => {
            let left = progress.remaining.map_or_else(String::new, |time| format!(", {} left", time_left(time)));
            format!("{:.1} it/s, {} convexes{left}", progress.iterations_per_second, progress.num_convexes)
        }
    });
    let (is_over, is_paused) = (progress.finished.is_some(), progress.is_paused);
    ui.horizontal(|ui| {
        ui.label("watch");
        for (rate, name) in [(LiveRate::Off, "off"), (LiveRate::Slow, "slow"), (LiveRate::Live, "live")] {
            if ui.selectable_label(live.rate == rate, name).clicked() {
                actions.push(Action::SetLiveRate(rate));
            }
        }
        match live.cost() {
            Some(cost) => ui.label(format!("costs {:.0} % of it/s", cost * 100.0)),
            None => ui.weak("cost not known").on_hover_text("known once training went on both unwatched and watched"),
        };
    });
    ui.add_enabled_ui(!is_over, |ui| {
        ui.horizontal(|ui| {
            let pause = if is_paused { "resume" } else { "pause" };
            let buttons =
                [(pause, Action::TogglePause), ("save now", Action::SaveTraining), ("stop", Action::StopTraining)];
            for (name, action) in buttons {
                if ui.button(name).clicked() {
                    actions.push(action);
                }
            }
        });
    });
    #[expect(clippy::cast_precision_loss, reason = "for a plot")]
    let points: Vec<(f32, f32)> = live.losses.iter().map(|(at, loss)| (*at as f32, *loss)).collect();
    plot::curve(ui, "loss", &points, 70.0);
}
