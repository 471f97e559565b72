//! The progress of a training, and its controls.

use std::time::Duration;

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{PopupCloseBehavior, Ui};

use crate::run::FinishWithin;
use crate::text::time_left;
use crate::viewer::live::LiveRate;
use crate::viewer::session::Session;
use crate::viewer::session::action::Action;
use crate::viewer::ui::plot;

/// The numbers in the menu that ends a training earlier.
#[derive(Debug, Clone, Copy)]
struct FinishNumbers {
    minutes: f64,
    iterations: u32,
}

/// The menu that ends a training earlier, within a time or a number of iterations.
fn finish(ui: &mut Ui, actions: &mut Vec<Action>) {
    let id = ui.scope_id().with("finish numbers");
    let mut numbers = ui.data(|data| data.get_temp(id)).unwrap_or(FinishNumbers { minutes: 5.0, iterations: 500 });
    ui.label("The rest of the schedule is compressed, not cut.");
    ui.horizontal(|ui| {
        ui.add(egui::DragValue::new(&mut numbers.minutes).range(0.1..=10_000.0).speed(0.1).suffix(" min"));
        if ui.button("finish within this time").clicked() {
            let time = Duration::try_from_secs_f64(60.0 * numbers.minutes).unwrap_or_default();
            actions.push(Action::FinishTraining(FinishWithin::Time(time)));
            ui.close();
        }
    });
    ui.horizontal(|ui| {
        ui.add(egui::DragValue::new(&mut numbers.iterations).range(1..=1_000_000).suffix(" iterations"));
        if ui.button("finish after these").clicked() {
            actions.push(Action::FinishTraining(FinishWithin::Iterations(numbers.iterations)));
            ui.close();
        }
    });
    ui.data_mut(|data| data.insert_temp(id, numbers));
}

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
            let menu = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
            MenuButton::new("finish…").config(menu).ui(ui, |ui| finish(ui, actions));
        });
    });
    #[expect(clippy::cast_precision_loss, reason = "for a plot")]
    let points: Vec<(f32, f32)> = live.losses.iter().map(|(at, loss)| (*at as f32, *loss)).collect();
    plot::curve(ui, "loss", &points, 70.0);
}
