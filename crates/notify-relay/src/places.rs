//! A bounded number of places for connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sender::Sender;

/// Who asks for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody has heard of him: a share of his own and no more, and none of the last quarter of the places.
    Stranger,
    /// Has sent an authentic notify before, or is a proxy that speaks for many.
    Known,
}

/// So many places in all, and so many for one sender.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    most: usize,
    most_each: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    each: HashMap<Sender, usize>,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    taken: Arc<Mutex<Taken>>,
    sender: Sender,
}

impl Places {
    pub(crate) fn new(most: usize, most_each: usize) -> Self {
        Self {
            most,
            most_each,
            taken: Arc::default(),
        }
    }

    /// A place, if there is one for this sender.
    pub(crate) fn take(&self, sender: Sender, standing: Standing) -> Option<Place> {
        let most = match standing {
            Standing::Stranger => self.most - self.most / 4,
            Standing::Known => self.most,
        };
        let mut taken = lock(&self.taken);
        let own = taken.each.get(&sender).copied().unwrap_or(0);
        let too_many = match standing {
            Standing::Stranger => own >= self.most_each,
            Standing::Known => false,
        };
        if too_many || taken.all >= most {
            return None;
        }
        taken.all += 1;
        taken.each.insert(sender, own + 1);
        drop(taken);
        Some(Place {
            taken: Arc::clone(&self.taken),
            sender,
        })
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        lock(&self.taken).all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.all -= 1;
        match taken.each.get_mut(&self.sender) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => {
                taken.each.remove(&self.sender);
            }
        }
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    // No code that holds it can panic half-way through a change.
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(last: u8) -> Sender {
        Sender::at(std::net::IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn strangers_cannot_take_the_last_quarter() {
        let places = Places::new(8, 8);
        let strangers: Vec<_> = (0..8)
            .map_while(|number| places.take(sender(number), Standing::Stranger))
            .collect();
        assert_eq!(strangers.len(), 6, "three quarters of eight");
        let known = [9, 10].map(|number| places.take(sender(number), Standing::Known));
        assert!(
            known.iter().all(Option::is_some),
            "the rest is for those who are known"
        );
        assert!(
            places.take(sender(11), Standing::Known).is_none(),
            "and then it is full for everybody"
        );
        drop(strangers);
        assert_eq!(places.taken(), 2, "a place is free again when it is left");
        assert!(
            places.take(sender(12), Standing::Stranger).is_some(),
            "and can be taken again"
        );
    }

    #[test]
    fn a_stranger_has_its_share_and_who_is_known_has_many() {
        let places = Places::new(100, 2);
        let own: Vec<_> = (0..5)
            .map_while(|_| places.take(sender(1), Standing::Stranger))
            .collect();
        assert_eq!(own.len(), 2, "a share each");
        let known: Vec<_> = (0..5)
            .map_while(|_| places.take(sender(2), Standing::Known))
            .collect();
        assert_eq!(
            known.len(),
            5,
            "WeChat may come as often as it likes, and a proxy speaks for many"
        );
    }
}
