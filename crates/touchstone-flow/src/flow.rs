//! stub
use crate::*;
use core::time::Duration;
/// Options.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FlowOptions {
    /// A tick every five seconds while something is under way and a screen reader is on.
    pub heartbeat: bool,
}
impl Default for FlowOptions {
    fn default() -> Self {
        Self { heartbeat: true }
    }
}
/// The connect flow.
#[derive(Debug)]
pub struct Flow {}
impl Flow {
    /// A flow that shows the idle screen.
    pub fn new(_options: FlowOptions, _context: A11yContext) -> Self {
        Self {}
    }
    /// Takes one thing that happened at `now`.
    pub fn handle(&mut self, _now: Duration, _input: Input) {}
    /// The next thing to do, in order; `None` when there is nothing more.
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }
    /// When to call [`Flow::handle`] with [`Input::Timeout`] at the latest.
    pub fn poll_timeout(&self) -> Option<Duration> {
        None
    }
}
