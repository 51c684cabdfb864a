//! Figures of docs/PERFORMANCE.md. Reached through `cargo xtask bench`.

mod counts;
mod heap;
mod replay;
mod time;

use clap::Parser;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

#[derive(Parser)]
enum Task {
    /// Bytes, round trips, ATT PDUs: one JSON object.
    Counts {
        /// Fail when a figure is over its limit.
        #[arg(long)]
        check: bool,
    },
    /// Wall time of a handshake, both sides: one JSON object.
    Time,
    /// Peak heap of both sides, size of the device role's state: one JSON object.
    Heap,
    /// The device's side of a handshake, replayed this many times; for instruction counts.
    Device {
        /// How many times; 0 only prepares.
        handshakes: u32,
    },
}

fn main() -> anyhow::Result<()> {
    let figures = match Task::parse() {
        Task::Counts { check } => {
            let figures = counts::counts()?;
            if check {
                counts::check(&figures)?;
            }
            figures
        }
        Task::Time => time::figures()?,
        Task::Heap => heap::figures()?,
        Task::Device { handshakes } => replay::device(handshakes)?,
    };
    println!("{figures}");
    Ok(())
}
