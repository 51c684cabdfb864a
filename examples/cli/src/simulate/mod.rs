//! Placeholder while the peripheral is written.
#[derive(clap::Args)]
pub(crate) struct Arguments {}
pub(crate) fn run(_: &Arguments) -> anyhow::Result<std::process::ExitCode> {
    anyhow::bail!("not yet")
}
