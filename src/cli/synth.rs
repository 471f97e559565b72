#[derive(Debug, clap::Args)]
pub(crate) struct SynthArgs {}
pub(crate) fn run(_args: &SynthArgs) -> anyhow::Result<()> {
    Ok(())
}
