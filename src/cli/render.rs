#[derive(Debug, clap::Args)]
pub(crate) struct RenderArgs {}
pub(crate) fn run(_args: &RenderArgs) -> anyhow::Result<()> {
    Ok(())
}
