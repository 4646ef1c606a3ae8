//! Who works at the till and who is at it now: signing in by PIN, locking, and keeping the list of people.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use jiff::{SignedDuration, Timestamp};
use till_core::{Pin, Role, User, UserId, UserName};
use till_store::StoreError;

use crate::approval::{Act, Approval};
use crate::till::{Refusal, Till};

/// The people, and the one at the till.
#[derive(Debug)]
pub(crate) struct Staff {
    users: Vec<User>,
    at_till: Option<UserId>,
    last_act: Timestamp,
}

impl Staff {
    /// Nobody is at a till that was just started.
    pub(crate) fn new(users: Vec<User>, now: Timestamp) -> Self {
        Self {
            users,
            at_till: None,
            last_act: now,
        }
    }

    /// A shop that has not entered anybody works without signing in.
    pub(crate) fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    pub(crate) fn users(&self) -> &[User] {
        &self.users
    }

    pub(crate) fn at_till(&self) -> Option<&User> {
        let id = self.at_till?;
        self.users.iter().find(|user| user.id == id)
    }

    /// Who is at the till, for the journal.
    pub(crate) fn who(&self) -> String {
        self.at_till()
            .map_or_else(|| "no users".to_owned(), |user| user.name.to_string())
    }

    /// There are people, and none of them is here.
    pub(crate) fn is_locked(&self) -> bool {
        !self.is_empty() && self.at_till().is_none()
    }
}

impl Till {
    /// Refused while the till is locked.
    pub fn unlocked(&self) -> Result<(), Refusal> {
        if self.staff.is_locked() {
            Err(Refusal::Locked)
        } else {
            Ok(())
        }
    }

    /// Somebody does something at the till: refused while it is locked, and the idle time begins anew.
    pub fn attend(&mut self, now: Timestamp) -> Result<(), Refusal> {
        self.unlocked()?;
        self.staff.last_act = now;
        Ok(())
    }

    /// Signs somebody in; whoever was at the till before is not any more.
    pub fn sign_in(&mut self, now: Timestamp, id: UserId, pin: &Pin) -> Result<(), Refusal> {
        let user = self.check_pin(now, id, pin)?;
        let name = user.name.to_string();
        let written = self
            .db
            .write(|tx| tx.journal().add(now, "signed_in", None, None, &name));
        self.saved(written)?;
        self.staff.at_till = Some(id);
        self.staff.last_act = now;
        self.changed();
        Ok(())
    }

    /// Locks the till; payments under way go on.
    pub fn lock(&mut self, now: Timestamp) -> Result<(), Refusal> {
        self.sign_out(now, "locked")
    }

    /// Locks the till when nobody has done anything for as long as the house allows.
    pub fn lock_if_idle(&mut self, now: Timestamp) {
        if self.staff.at_till().is_none() {
            return;
        }
        let idle = now.duration_since(self.staff.last_act);
        if idle < SignedDuration::from_mins(i64::from(self.house.idle_minutes)) {
            return;
        }
        if let Err(error) = self.sign_out(now, "locked_idle") {
            // A lock that waits for a disk is no lock.
            tracing::error!(%error, "the till was locked, but the journal does not say so");
            self.staff.at_till = None;
            self.changed();
        }
    }

    fn sign_out(&mut self, now: Timestamp, what: &str) -> Result<(), Refusal> {
        let Some(name) = self.staff.at_till().map(|user| user.name.to_string()) else {
            return Ok(());
        };
        let written = self.db.write(|tx| tx.journal().add(now, what, None, None, &name));
        self.saved(written)?;
        self.staff.at_till = None;
        self.changed();
        Ok(())
    }

    /// The first person, a manager, of a till that had none; is at the till from now on.
    pub fn add_first_manager(&mut self, now: Timestamp, name: &UserName, pin: &Pin) -> Result<(), Refusal> {
        if !self.staff.is_empty() {
            return Err(Refusal::NeedsManager);
        }
        let id = self.write_user(now, name, Role::Manager, pin, "the first")?;
        self.staff.at_till = Some(id);
        self.staff.last_act = now;
        self.changed();
        Ok(())
    }

    /// Adds somebody.
    pub fn add_user(
        &mut self,
        now: Timestamp,
        name: &UserName,
        role: Role,
        pin: &Pin,
        approval: Approval,
    ) -> Result<(), Refusal> {
        let who = approval.spend(Act::Users)?;
        self.write_user(now, name, role, pin, &who).map(drop)
    }

    fn write_user(
        &mut self,
        now: Timestamp,
        name: &UserName,
        role: Role,
        pin: &Pin,
        approved_by: &str,
    ) -> Result<UserId, Refusal> {
        self.name_is_free(name, None)?;
        let hash = hash(pin)?;
        let detail = format!("{name}, {role:?}; approved by {approved_by}");
        let written = self.db.write(|tx| {
            let id = tx.users().add(name, role, &hash)?;
            tx.journal().add(now, "user_added", None, None, &detail)?;
            Ok((id, tx.read().users().on_duty()?))
        });
        let (id, users) = self.saved(written)?;
        self.staff.users = users;
        self.changed();
        Ok(id)
    }

    /// Changes somebody's name and role, and their PIN when a new one is given.
    pub fn change_user(
        &mut self,
        now: Timestamp,
        user: &User,
        pin: Option<&Pin>,
        approval: Approval,
    ) -> Result<(), Refusal> {
        let who = approval.spend(Act::Users)?;
        self.known(user.id)?;
        self.name_is_free(&user.name, Some(user.id))?;
        if user.role == Role::Cashier {
            self.another_manager_than(user.id)?;
        }
        let hash = pin.map(hash).transpose()?;
        let new_pin = if hash.is_some() { ", a new PIN" } else { "" };
        let detail = format!("{}, {:?}{new_pin}; approved by {who}", user.name, user.role);
        let written = self.db.write(|tx| {
            tx.users().change(user)?;
            if let Some(hash) = &hash {
                tx.users().set_pin(user.id, hash)?;
            }
            tx.journal().add(now, "user_changed", None, None, &detail)?;
            tx.read().users().on_duty()
        });
        self.staff.users = self.saved(written)?;
        self.changed();
        Ok(())
    }

    /// Somebody does not work here any more. If they are at the till, it is locked.
    pub fn put_off_duty(&mut self, now: Timestamp, id: UserId, approval: Approval) -> Result<(), Refusal> {
        let who = approval.spend(Act::Users)?;
        let name = self.known(id)?.name.to_string();
        self.another_manager_than(id)?;
        let detail = format!("{name}; approved by {who}");
        let written = self.db.write(|tx| {
            tx.users().put_off_duty(id)?;
            tx.journal().add(now, "user_off_duty", None, None, &detail)?;
            tx.read().users().on_duty()
        });
        self.staff.users = self.saved(written)?;
        self.changed();
        Ok(())
    }

    /// Whose PIN this is. A wrong one is counted and written down before it is answered.
    pub(crate) fn check_pin(&mut self, now: Timestamp, id: UserId, pin: &Pin) -> Result<User, Refusal> {
        let record = self.db.read().users().pin_of(id);
        let record = self.saved(record)?.ok_or(Refusal::NoSuchUser)?;
        if let Some(until) = record.wrong.shut_until(now) {
            return Err(Refusal::PinShut { until });
        }
        if is_right(pin, &record.hash)? {
            if record.wrong.count > 0 {
                let written = self.db.write(|tx| tx.users().set_wrong(id, Default::default()));
                self.saved(written)?;
            }
            return Ok(record.user);
        }
        let wrong = record.wrong.and_another(now);
        let detail = format!("{}, {} in a row", record.user.name, wrong.count);
        let written = self.db.write(|tx| {
            tx.users().set_wrong(id, wrong)?;
            tx.journal().add(now, "pin_wrong", None, None, &detail)
        });
        self.saved(written)?;
        Err(match wrong.shut_until(now) {
            Some(until) => Refusal::PinShut { until },
            None => Refusal::PinWrong,
        })
    }

    fn known(&self, id: UserId) -> Result<&User, Refusal> {
        let found = self.staff.users.iter().find(|user| user.id == id);
        found.ok_or(Refusal::NoSuchUser)
    }

    fn name_is_free(&self, name: &UserName, but_for: Option<UserId>) -> Result<(), Refusal> {
        let taken = |user: &User| user.name == *name && Some(user.id) != but_for;
        if self.staff.users.iter().any(taken) {
            Err(Refusal::NameTaken)
        } else {
            Ok(())
        }
    }

    /// A shop that has users has a manager, or nobody could change anything any more.
    fn another_manager_than(&self, id: UserId) -> Result<(), Refusal> {
        let other = |user: &User| user.id != id && user.role == Role::Manager;
        if self.staff.users.iter().any(other) {
            Ok(())
        } else {
            Err(Refusal::LastManager)
        }
    }
}

/// argon2id with the crate's own parameters (19 MiB, two passes), the salt from the operating system.
fn hash(pin: &Pin) -> Result<String, Refusal> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(pin.digits())
        .map_err(|error| unhashable(&error.to_string()))?;
    Ok(hash.to_string())
}

fn is_right(pin: &Pin, hash: &str) -> Result<bool, Refusal> {
    let hash = PasswordHash::new(hash).map_err(|error| unhashable(&error.to_string()))?;
    match Argon2::default().verify_password(pin.digits(), &hash) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(unhashable(&error.to_string())),
    }
}

fn unhashable(what: &str) -> Refusal {
    Refusal::NotSaved(StoreError::Unreadable {
        table: "users",
        what: what.to_owned(),
    })
}
