//! Figures of docs/PERFORMANCE.md. Reached through `cargo xtask bench`.

mod counts;
mod heap;
mod memory;
mod pair;
mod ports;
mod replay;
mod sdk;
#[cfg(unix)]
mod stack;
mod time;

#[cfg(not(unix))]
mod stack {
    //! A stack of our own needs POSIX threads.

    pub(crate) fn depth(_work: impl FnOnce() + Send) -> anyhow::Result<usize> {
        anyhow::bail!("the stack is not measured on this system")
    }
}

use clap::Parser;
use touchstone_device::Suites;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

#[derive(Parser)]
enum Task {
    /// Bytes, round trips, ATT PDUs: one JSON object.
    Counts,
    /// Wall time of a handshake, both sides: one JSON object.
    Time,
    /// Peak heap of both sides, state and stack of the device role: one JSON object.
    Memory,
    /// The device's side of a handshake, replayed this many times; for instruction counts.
    Device {
        /// How many times; 0 only prepares.
        handshakes: u32,
        /// Only up to message_2 (1), message_4 (2), ARMED (3).
        #[arg(default_value_t = 3)]
        steps: usize,
        /// In the hybrid suite.
        #[arg(long)]
        hybrid: bool,
    },
}

fn main() -> anyhow::Result<()> {
    let figures = match Task::parse() {
        Task::Counts => counts::counts()?,
        Task::Time => time::figures()?,
        Task::Memory => memory::figures()?,
        Task::Device {
            handshakes,
            steps,
            hybrid: false,
        } => replay::device(handshakes, steps, Suites::Classical)?,
        Task::Device {
            handshakes, steps, ..
        } => replay::device(handshakes, steps, Suites::WithHybrid)?,
    };
    println!("{figures}");
    Ok(())
}
