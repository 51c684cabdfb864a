//! `touchstone connect --simulated`: the whole path in virtual time, with people and adversaries of the built-in living room.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use touchstone::{A11yContext, Stage};
use touchstone_sim::scenarios;

use crate::{
    aloud::{self, Aloud, Voice},
    connect::{Arguments, write_report},
    exit,
    render::{Format, Renderer, write_line},
};

pub(crate) fn run(
    arguments: &Arguments,
    format: Format,
    voice: Option<Arc<dyn Voice>>,
) -> anyhow::Result<ExitCode> {
    if arguments.scenario == "list" {
        list(format);
        return Ok(ExitCode::SUCCESS);
    }
    let Some(scenario) = scenarios::by_name(&arguments.scenario) else {
        bail!(
            "there is no scenario {:?}; `--scenario list` names them all",
            arguments.scenario
        );
    };
    let context = A11yContext {
        screen_reader: format != Format::Text,
        ..A11yContext::default()
    };
    let announce = voice.map(aloud::one_by_one).transpose()?;
    let mut renderer = None;
    let decide = |policy| arguments.decide(policy);
    let result = scenario.run_before(arguments.seed, context, decide, |world| {
        let (world, start) = (world.clone(), world.now());
        let now = Arc::new(move || world.now().saturating_sub(start));
        let renderer = renderer.insert(Arc::new(Renderer::new(format, now, false)));
        match announce {
            None => renderer.clone() as Arc<dyn Stage>,
            Some(announce) => Arc::new(Aloud::new(renderer.clone(), announce)),
        }
    })?;
    renderer.context("the story has an audience")?.finish();
    write_report(arguments, &result.report)?;
    Ok(exit::code(result.report.outcome).into())
}

fn list(format: Format) {
    let names = scenarios::all().iter().map(|scenario| scenario.name.len());
    let width = names.max().unwrap_or(0);
    for scenario in scenarios::all() {
        let (name, description) = (scenario.name, scenario.description);
        match format {
            Format::Json => {
                let entry = serde_json::json!({ "name": name, "description": description });
                write_line(&entry.to_string());
            }
            _ => write_line(&format!("{name:width$}  {description}")),
        }
    }
}
