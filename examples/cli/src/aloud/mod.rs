//! `--speak`: what the stream says, said.
//!
//! Only announcements are spoken, and an announcement is a sentence of the catalogue with verified names: nothing typed can be in it.

mod voice;

use std::{
    collections::VecDeque,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::mpsc, time::Instant};
use touchstone::{
    Cue, Screen, Stage,
    flow::{Expiry, Politeness, catalogue::english_plain},
};

pub(crate) use self::voice::{Voice, VoiceError, platform};

/// One announcement.
#[derive(Clone, Debug)]
pub(crate) struct Utterance {
    id: u64,
    text: String,
    politeness: Politeness,
    interrupt: bool,
    must: bool,
    expires: Duration,
}

/// A stage whose announcements are also passed on to be spoken.
pub(crate) struct Aloud<F> {
    stage: Arc<dyn Stage>,
    announce: F,
}

impl<F> Aloud<F> {
    pub(crate) fn new(stage: Arc<dyn Stage>, announce: F) -> Self {
        Self { stage, announce }
    }
}

impl<F: Fn(Utterance) + Send + Sync> Stage for Aloud<F> {
    fn show(&self, screen: Screen) {
        self.stage.show(screen);
    }

    fn cue(&self, cue: Cue) {
        // Written before it is spoken: in virtual time speaking takes as long as it takes.
        self.stage.cue(cue.clone());
        if let Cue::Say {
            id,
            msg,
            politeness,
            interrupt,
            must,
            expires: Expiry(expires),
            ..
        } = cue
        {
            (self.announce)(Utterance {
                id,
                text: english_plain(&msg),
                politeness,
                interrupt,
                must,
                expires,
            });
        }
    }
}

/// Speaks one announcement after the other, each to its end: for virtual time, which waits.
pub(crate) fn one_by_one(
    voice: Arc<dyn Voice>,
) -> anyhow::Result<impl Fn(Utterance) + Send + Sync + 'static> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let silent = AtomicBool::new(false);
    Ok(move |utterance: Utterance| {
        if silent.load(Ordering::Relaxed) {
            return;
        }
        let spoken = runtime.block_on(voice.say(&utterance.text, utterance.politeness));
        if let Err(error) = spoken {
            silent.store(true, Ordering::Relaxed);
            complain(&error);
        }
    })
}

/// Speaks as the announcements come, the way a screen reader does, until there are no more; `said` learns of each whether it was
/// spoken to its end.
///
/// What may interrupt cuts off what need not arrive, and waits for what must (rule P4). Of what only informs, the latest waits (P2).
pub(crate) fn as_they_come(
    voice: Arc<dyn Voice>,
    said: impl Fn(u64, bool),
) -> (
    impl Fn(Utterance) + Send + Sync + 'static,
    impl Future<Output = ()>,
) {
    let (queue, announcements) = mpsc::unbounded_channel();
    let announce = move |utterance: Utterance| {
        // Nobody listens any more: the person has left.
        drop(queue.send((Instant::now() + utterance.expires, utterance)));
    };
    (announce, speak(voice, announcements, said))
}

type Announcement = (Instant, Utterance);

async fn speak(
    voice: Arc<dyn Voice>,
    mut announcements: mpsc::UnboundedReceiver<Announcement>,
    said: impl Fn(u64, bool),
) {
    let mut waiting: VecDeque<Announcement> = VecDeque::new();
    let mut complained = false;
    loop {
        let next = match waiting.pop_front() {
            Some(next) => next,
            None => match announcements.recv().await {
                Some(next) => next,
                None => return,
            },
        };
        let (expires, utterance) = next;
        if expires < Instant::now() {
            said(utterance.id, false);
            continue;
        }
        let speech = voice.say(&utterance.text, utterance.politeness);
        tokio::pin!(speech);
        let mut open = true;
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut speech => break outcome.map(|()| true),
                later = announcements.recv(), if open => match later {
                    None => open = false,
                    Some(later) => {
                        waiting.retain(|(_, waits)| {
                            if !waits.must {
                                said(waits.id, false);
                            }
                            waits.must
                        });
                        let cut = later.1.interrupt && !utterance.must;
                        waiting.push_back(later);
                        if cut {
                            break Ok(false);
                        }
                    }
                },
            }
        };
        if let Err(error) = &outcome
            && !std::mem::replace(&mut complained, true)
        {
            complain(error);
        }
        said(utterance.id, outcome.unwrap_or(false));
    }
}

/// The set-up goes on without a voice: everything said is also written.
fn complain(error: &VoiceError) {
    eprintln!("touchstone: {error}");
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::{FutureExt, future::BoxFuture};
    use touchstone::{A11yContext, flow::catalogue::english_plain};
    use touchstone_sim::{HOME_PASSWORD, Nobody, scenarios};

    use super::*;

    /// Writes down what it says, and takes a second for each word.
    #[derive(Default)]
    struct Fake {
        begun: Mutex<Vec<String>>,
        ended: Mutex<Vec<String>>,
        broken: bool,
    }

    impl Voice for Fake {
        fn say<'a>(
            &'a self,
            text: &'a str,
            _: Politeness,
        ) -> BoxFuture<'a, Result<(), VoiceError>> {
            async move {
                self.begun.lock().unwrap().push(text.to_owned());
                if self.broken {
                    return Err(VoiceError::Missing);
                }
                let words = text.split(' ').count();
                tokio::time::sleep(Duration::from_secs(words.try_into().unwrap())).await;
                self.ended.lock().unwrap().push(text.to_owned());
                Ok(())
            }
            .boxed()
        }
    }

    /// What it has begun and ended, without waiting: for a world with its own time.
    #[derive(Default)]
    struct Instantly(Mutex<Vec<String>>);

    impl Voice for Instantly {
        fn say<'a>(
            &'a self,
            text: &'a str,
            _: Politeness,
        ) -> BoxFuture<'a, Result<(), VoiceError>> {
            self.0.lock().unwrap().push(text.to_owned());
            async { Ok(()) }.boxed()
        }
    }

    fn utterance(id: u64, text: &str, urgent: bool) -> Utterance {
        Utterance {
            id,
            text: text.to_owned(),
            politeness: if urgent {
                Politeness::Assertive
            } else {
                Politeness::Polite
            },
            interrupt: urgent,
            must: urgent,
            expires: Duration::from_secs(if urgent { 30 } else { 4 }),
        }
    }

    /// Gives each announcement at its second; tells what was said to its end, and what became of each.
    async fn spoken(
        voice: &Arc<Fake>,
        announcements: Vec<(u64, Utterance)>,
    ) -> (Vec<String>, Vec<(u64, bool)>) {
        let fate = Mutex::new(Vec::new());
        let (announce, speaking) = as_they_come(voice.clone(), |id, delivered| {
            fate.lock().unwrap().push((id, delivered));
        });
        let start = Instant::now();
        let person = async move {
            for (second, utterance) in announcements {
                tokio::time::sleep_until(start + Duration::from_secs(second)).await;
                announce(utterance);
            }
        };
        tokio::join!(speaking, person);
        let ended = voice.ended.lock().unwrap().clone();
        (ended, fate.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn what_must_arrive_cuts_off_what_need_not_and_waits_for_what_must() {
        let voice = Arc::new(Fake::default());
        let (ended, fate) = spoken(
            &voice,
            vec![
                (0, utterance(1, "Joining Home now", false)),
                (1, utterance(2, "Stopped for good", true)),
                (2, utterance(3, "Your turn", true)),
            ],
        )
        .await;
        assert_eq!(ended, ["Stopped for good", "Your turn"]);
        assert_eq!(fate, [(1, false), (2, true), (3, true)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_latest_of_what_only_informs_waits_and_is_not_said_late() {
        let voice = Arc::new(Fake::default());
        let long = "one two three four five six seven eight";
        let (ended, fate) = spoken(
            &voice,
            vec![
                (0, utterance(1, long, true)),
                (1, utterance(2, "obsolete", false)),
                (2, utterance(3, "stale", false)),
                (9, utterance(4, "Saving", false)),
            ],
        )
        .await;
        assert_eq!(ended, [long, "Saving"]);
        assert_eq!(fate, [(2, false), (1, true), (3, false), (4, true)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_voice_that_breaks_ends_nothing() {
        let voice = Arc::new(Fake {
            broken: true,
            ..Fake::default()
        });
        let (ended, fate) = spoken(&voice, vec![(0, utterance(1, "Done", true))]).await;
        assert!(ended.is_empty());
        assert_eq!(fate, [(1, false)]);
    }

    #[test]
    fn what_is_spoken_is_every_announcement_of_every_story_in_order_and_never_a_password() {
        let mut silent = Vec::new();
        for scenario in scenarios::all() {
            let voice = Arc::new(Instantly::default());
            let announce = one_by_one(voice.clone()).unwrap();
            let stage = Arc::new(Aloud::new(Arc::new(Nobody), announce));
            let context = A11yContext {
                screen_reader: true,
                ..A11yContext::default()
            };
            let result = scenario
                .run_before(1, context, std::convert::identity, |_| stage)
                .unwrap();
            let said: Vec<String> = result
                .cues
                .iter()
                .filter_map(|(_, cue)| match cue {
                    Cue::Say { msg, .. } => Some(english_plain(msg)),
                    _ => None,
                })
                .collect();
            let spoken = voice.0.lock().unwrap();
            if said.is_empty() {
                silent.push(scenario.name);
            }
            assert_eq!(*spoken, said, "{}", scenario.name);
            for password in [HOME_PASSWORD, "incorrect donkey"] {
                assert!(
                    spoken.iter().all(|text| !text.contains(password)),
                    "{}",
                    scenario.name
                );
            }
        }
        // Its person does not hear and has no voice on.
        assert_eq!(silent, ["counted-deaf"]);
    }
}
