//! Futures under way, polled only when they were woken, and handed out in batches whose order is safe to reason about.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A set of futures, each with something that belongs to it.
///
/// A batch holds everything that was ready when its last member was looked at. Whatever was woken before one of its
/// members is therefore in the same batch or in an earlier one. (`FuturesUnordered` makes no such promise: it may pause
/// between two that are ready.)
#[derive(Debug)]
pub(crate) struct InFlight<K, T> {
    under_way: HashMap<u64, UnderWay<K, T>>,
    next: u64,
    woken: Arc<Woken>,
    done: Vec<(K, T)>,
}

struct UnderWay<K, T> {
    kept: K,
    future: Boxed<T>,
    waker: Waker,
}

/// Who was woken since the last look, in that order, and whom to tell.
#[derive(Debug, Default)]
struct Woken(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    ids: Vec<u64>,
    owner: Option<Waker>,
}

#[derive(Debug)]
struct Bell {
    id: u64,
    woken: Arc<Woken>,
}

impl<K, T> InFlight<K, T> {
    pub(crate) fn new() -> Self {
        Self {
            under_way: HashMap::new(),
            next: 0,
            woken: Arc::default(),
            done: Vec::new(),
        }
    }

    /// Begins a future: it is polled once before this returns, so that futures begin in the order of these calls. One
    /// that is ready at once wakes nobody; the next [`Self::poll_batch`] has it.
    pub(crate) fn begin(&mut self, kept: K, future: impl Future<Output = T> + Send + 'static) {
        let id = self.next;
        self.next += 1;
        let bell = Bell {
            id,
            woken: Arc::clone(&self.woken),
        };
        let begun = UnderWay {
            kept,
            future: Box::pin(future),
            waker: Waker::from(Arc::new(bell)),
        };
        self.under_way.insert(id, begun);
        self.look_at(id);
    }

    /// Everything that is ready, when there is something.
    pub(crate) fn poll_batch(&mut self, context: &mut Context<'_>) -> Poll<Vec<(K, T)>> {
        loop {
            let ids = {
                let mut list = self.woken.list();
                list.owner = Some(context.waker().clone());
                std::mem::take(&mut list.ids)
            };
            if ids.is_empty() {
                break;
            }
            for id in ids {
                self.look_at(id);
            }
        }
        if self.done.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(std::mem::take(&mut self.done))
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.under_way.is_empty() && self.done.is_empty()
    }

    /// What belongs to those that are under way.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &K> {
        self.under_way.values().map(|one| &one.kept)
    }

    /// Gives up on everything.
    pub(crate) fn into_kept(self) -> impl Iterator<Item = K> {
        self.under_way.into_values().map(|one| one.kept)
    }

    fn look_at(&mut self, id: u64) {
        // Woken once more after it was done.
        let Some(one) = self.under_way.get_mut(&id) else {
            return;
        };
        let mut context = Context::from_waker(&one.waker);
        if let Poll::Ready(output) = one.future.as_mut().poll(&mut context)
            && let Some(one) = self.under_way.remove(&id)
        {
            self.done.push((one.kept, output));
        }
    }
}

impl<K: std::fmt::Debug, T> std::fmt::Debug for UnderWay<K, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("UnderWay").field(&self.kept).finish()
    }
}

impl Woken {
    fn list(&self) -> std::sync::MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, id: u64) {
        let owner = {
            let mut list = self.list();
            list.ids.push(id);
            list.owner.take()
        };
        if let Some(owner) = owner {
            owner.wake();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.ring(self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn whatever_is_ready_comes_in_one_batch() {
        let mut set = InFlight::new();
        let (say, hear): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel::<u32>()).unzip();
        for (nth, hear) in hear.into_iter().enumerate() {
            set.begin(nth, hear);
        }
        set.begin(3, std::future::ready(Ok(30)));
        assert_eq!(set.kept().count(), 3, "the fourth was ready at once");
        let ready = |set: &mut InFlight<usize, _>| {
            let mut batch = poll_fn(|context| set.poll_batch(context))
                .now_or_never()
                .unwrap_or_default();
            batch.sort_unstable_by_key(|(nth, _)| *nth);
            batch
        };
        assert_eq!(ready(&mut set), [(3, Ok(30))], "nothing else was woken");
        for (nth, say) in say.into_iter().enumerate() {
            say.send(u32::try_from(nth).unwrap()).unwrap();
        }
        assert_eq!(
            ready(&mut set),
            [(0, Ok(0)), (1, Ok(1)), (2, Ok(2))],
            "all that were woken since"
        );
        assert!(set.is_empty() && ready(&mut set).is_empty(), "each comes once");
    }

    #[tokio::test]
    async fn the_owner_is_woken() {
        let mut set = InFlight::new();
        let (say, hear) = oneshot::channel();
        set.begin("a", hear);
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            say.send(1).unwrap();
        });
        let batch = poll_fn(|context| set.poll_batch(context)).await;
        assert_eq!(batch, [("a", Ok(1))], "after it had nothing to do");
    }
}
