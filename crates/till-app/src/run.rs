//! The till's own thread: waits for acts, answers and due times, and does one thing after the other.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use wechat_pay::{Client, Transport};

use crate::backup::{Backup, BackupError};
use crate::bills::{BillReply, carry_out_bill};
use crate::clock::{self, Clock};
use crate::driver::{Reply, carry_out};
use crate::notify;
use crate::snapshot::{CustomerPicture, Snapshot};
use crate::till::Till;

/// Acts that may wait for the till; more than a cashier can cause.
const ACTS_MAX: usize = 256;
/// However idle, the till looks at the clock this often: a machine that slept is noticed.
const LOOK_UP: Duration = Duration::from_secs(1);

/// The shortest time between two pictures; a change after a quiet while is shown at once.
pub const SHOW_EVERY: Duration = Duration::from_millis(50);

type Act = Box<dyn FnOnce(&mut Till, Timestamp) + Send>;

/// The way to the till from other threads.
#[derive(Debug, Clone)]
pub struct TillHandle {
    acts: mpsc::Sender<Act>,
}

/// The till's thread has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the till has stopped")]
pub struct Stopped;

/// The running till: its handle, and the thread to wait for.
#[derive(Debug)]
pub struct Running {
    /// The way to it.
    pub handle: TillHandle,
    /// The way to the broker, if there is one.
    notify: Option<notify::Connected>,
    thread: JoinHandle<()>,
}

impl TillHandle {
    /// Does something with the till and gives back what came of it.
    pub async fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Till, Timestamp) -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let (done, answer) = oneshot::channel();
        let act: Act = Box::new(move |till, now| {
            // Whoever asked may have gone away.
            let _ = done.send(act(till, now));
        });
        self.acts.send(act).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }
}

impl TillHandle {
    /// Makes a copy of the ledger now; the till goes on meanwhile.
    pub async fn back_up(&self) -> Result<Result<Backup, BackupError>, Stopped> {
        let job = match self.call(Till::begin_backup).await? {
            Ok(job) => job,
            Err(error) => return Ok(Err(error)),
        };
        let made = tokio::task::spawn_blocking(|| job.carry_out())
            .await
            .unwrap_or_else(|error| Err(BackupError::NotWritten(error.to_string())));
        self.call(|till, now| {
            till.finish_backup(now, made.clone());
            made
        })
        .await
    }
}

impl Running {
    /// Lets go of the till, and waits until it has written down what it had in memory. Other handles must be gone.
    pub fn stop(self) {
        let Self {
            handle,
            notify,
            thread,
        } = self;
        drop(notify);
        drop(handle);
        if thread.join().is_err() {
            tracing::error!("the till's thread ended in a panic");
        }
    }
}

/// Starts the till's thread. Questions to WeChat are sent on `runtime`, and the broker is spoken to there, if the
/// configuration names one. `show` is called with fresh pictures after each change, at most every [`SHOW_EVERY`], or at
/// once, and with the customer's too, when a customer can see a difference.
pub fn start<T: Transport + 'static>(
    mut till: Till,
    client: Client<T>,
    clock: Clock,
    runtime: Handle,
    show: impl FnMut(Snapshot, Option<CustomerPicture>) + Send + 'static,
) -> std::io::Result<Running> {
    let (acts, inbox) = mpsc::channel(ACTS_MAX);
    let waiting = Builder::new_current_thread().enable_time().build()?;
    let (connection, reading) = (till.connection(), runtime.clone());
    let thread = std::thread::Builder::new()
        .name("till".to_owned())
        .spawn(move || {
            let desk = Desk {
                till,
                client: Arc::new(client),
                clock,
                runtime,
                show,
                shown: None,
                shown_at: None,
            };
            waiting.block_on(desk.work(inbox));
        })?;
    let handle = TillHandle { acts };
    let notify = connection.map(|connection| notify::connect(connection, &handle, &reading));
    Ok(Running {
        handle,
        notify,
        thread,
    })
}

struct Desk<T, S> {
    till: Till,
    client: Arc<Client<T>>,
    clock: Clock,
    runtime: Handle,
    show: S,
    shown: Option<CustomerPicture>,
    shown_at: Option<Instant>,
}

impl<T: Transport + 'static, S: FnMut(Snapshot, Option<CustomerPicture>)> Desk<T, S> {
    async fn work(mut self, mut inbox: mpsc::Receiver<Act>) {
        // At most as many replies as questions may be under way.
        let (replies, mut answers) = mpsc::unbounded_channel::<Reply>();
        let (bill_replies, mut bills) = mpsc::unbounded_channel::<BillReply>();
        // One copy at a time.
        let (copied, mut copies) = mpsc::unbounded_channel();
        loop {
            let now = self.now();
            self.till.lock_if_idle(now);
            self.back_up_if_due(&copied);
            self.send_due(&replies);
            self.send_due_bill(&bill_replies);
            let wait = self.until_due().min(self.show_changes());
            tokio::select! {
                biased;
                Some(reply) = answers.recv() => {
                    let now = self.now();
                    self.till.finish(now, reply);
                }
                act = inbox.recv() => match act {
                    Some(act) => {
                        let now = self.now();
                        act(&mut self.till, now);
                    }
                    None => break,
                },
                Some(made) = copies.recv() => {
                    let now = self.now();
                    self.till.finish_backup(now, made);
                }
                Some(reply) = bills.recv() => {
                    let now = self.now();
                    self.till.finish_bill(now, reply);
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
        if let Err(error) = self.till.save_runs() {
            tracing::warn!(%error, "the last answers' counts were not written down");
        }
        if let Err(error) = self.till.db().checkpoint() {
            tracing::warn!(%error, "the write-ahead log was left behind; the next start checks the file");
        }
    }

    /// The time, the till told of it.
    fn now(&mut self) -> Timestamp {
        let now = (self.clock)();
        self.till.pass_time(now);
        self.till.note_clock(clock::behind(now));
        now
    }

    fn send_due(&mut self, replies: &mpsc::UnboundedSender<Reply>) {
        let now = self.now();
        while let Some(job) = self.till.begin(now) {
            let (client, replies) = (Arc::clone(&self.client), replies.clone());
            self.runtime.spawn(async move {
                let reply = carry_out(&client, job).await;
                // The till may have been stopped meanwhile; the order is asked after again at the next start.
                let _ = replies.send(reply);
            });
        }
    }

    fn back_up_if_due(&mut self, copied: &mpsc::UnboundedSender<Result<Backup, BackupError>>) {
        let now = self.now();
        if let Some(job) = self.till.backup_if_due(now) {
            let copied = copied.clone();
            self.runtime.spawn_blocking(move || {
                // The till may have been stopped meanwhile; the copy is there all the same.
                let _ = copied.send(job.carry_out());
            });
        }
    }

    /// Beside the questions about payments: a bill is large, and reading it must not keep an answer waiting.
    fn send_due_bill(&mut self, replies: &mpsc::UnboundedSender<BillReply>) {
        let now = self.now();
        if let Some(job) = self.till.begin_bill(now) {
            let (client, replies, runtime) =
                (Arc::clone(&self.client), replies.clone(), self.runtime.clone());
            self.runtime.spawn_blocking(move || {
                let reply = runtime.block_on(carry_out_bill(&client, job));
                // The till may have been stopped meanwhile; the next start asks for the bill again.
                let _ = replies.send(reply);
            });
        }
    }

    /// Shows what has changed, or says how long to wait until it may be shown: a queue that is drained changes the till
    /// thousands of times a second, and nobody sees more than a few of those pictures.
    fn show_changes(&mut self) -> Duration {
        let shown = self.shown.as_ref();
        if shown.is_some_and(|shown| shown.version == self.till.version()) {
            return LOOK_UP;
        }
        let customer = self.till.customer();
        let news = shown.is_none_or(|shown| customer.differs_from(shown));
        let since = self.shown_at.map_or(SHOW_EVERY, |at| at.elapsed());
        // A code, or a payment: somebody is waiting for it.
        if !news && since < SHOW_EVERY {
            return SHOW_EVERY - since;
        }
        self.shown_at = Some(Instant::now());
        (self.show)(self.till.snapshot(), news.then(|| customer.clone()));
        self.shown = Some(customer);
        LOOK_UP
    }

    fn until_due(&self) -> Duration {
        let now = (self.clock)();
        let next = self
            .till
            .next_due()
            .into_iter()
            .chain(self.till.thanks_end())
            .min();
        let wait = next.map(|at| at.duration_since(now));
        // A time in the past is now.
        wait.map_or(LOOK_UP, |wait| Duration::try_from(wait).unwrap_or(Duration::ZERO))
            .min(LOOK_UP)
    }
}
