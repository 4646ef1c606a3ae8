//! What came of the days that went well: how often each thing happened, so that a generator that stops bringing it fails.

use crate::network::Traffic;

macro_rules! counts {
    ($(#[$of:meta])* $name:ident {
        $($(#[$doc:meta])* $count:ident,)*
        $(; $($(#[$more_doc:meta])* $more:ident: $kind:ty,)*)?
    }) => {
        $(#[$of])*
        #[derive(Debug, Clone, Copy, Default)]
        pub struct $name {
            $($(#[$doc])* pub $count: u64,)*
            $($($(#[$more_doc])* pub $more: $kind,)*)?
        }

        impl $name {
            /// Adds another day's.
            pub fn add(&mut self, day: &Self) {
                $(self.$count += day.$count;)*
                $($(self.$more.add(&day.$more);)*)?
            }
        }
    };
}

counts! {
    /// What came of a day.
    Tally {
        /// Orders placed.
        orders,
        /// How many of them ended paid.
        paid,
        /// Closed, by the deadline.
        closed_by_deadline,
        /// Closed otherwise.
        closed_otherwise,
        /// Refused by WeChat.
        refused,
        /// Paid after the cashier had cancelled.
        paid_after_cancel,
        /// Paid twice.
        paid_twice,
        /// Other reviews.
        other_reviews,
        /// Customers who were told that something is sold out.
        sold_out,
        /// How often a till went dark.
        crashes,
        /// Questions whose answer a crash swallowed.
        answers_lost_in_crash,
        /// Payments that a notify found first.
        found_by_notify,
        /// Notifies posted by WeChat.
        posts,
        /// How many of them were lost.
        posts_lost,
        /// Messages that reached a till.
        letters,
        /// How many of them came again because the power or the line failed before the broker was told.
        letters_again,
        /// Days that were held against WeChat's bill.
        bills,
        /// Tries to fetch a bill that went wrong.
        bills_troubled,
        /// Payments that the agreement had to name after an honest day.
        late_named,
        /// Alterations of bills that the agreement had to name.
        planted,
        /// Fees of refunds and of summaries that were altered, each of which the agreement had to name.
        fees_planted,
        /// Sales paid in cash, or in cash in part.
        cash_sales,
        /// Of them, paid in cash instead of by a code that was on show.
        cash_instead,
        /// Refunds that WeChat has taken on.
        refunds,
        /// Of them, those that did not end well.
        refunds_ill,
        /// Refunds in cash.
        cash_refunds,
        /// Reviews that a person took over as sales.
        adopted,
        /// Reviews whose money a person gave back.
        given_back,
        /// Days that were closed.
        zs,
        /// Zs with something that is not settled.
        zs_carrying,
        /// Zs that name money of an earlier day.
        zs_of_earlier_days,
        ;
        /// Who was at the till, and what they did about the drawer.
        desk: DeskTally,
        /// Whose clock and whose day it was.
        time: TimeTally,
        /// What went over the network.
        traffic: Traffic,
    }
}

counts! {
    /// People, shifts and drawers.
    DeskTally {
        /// Days of a counter whose people have PINs.
        staffed,
        /// Times that somebody signed in.
        signed_in,
        /// Times that a till locked itself.
        locked_idle,
        /// Wrong PINs.
        pins_wrong,
        /// PINs that were not looked at, the door being shut.
        pins_shut,
        /// A manager's approvals by PIN.
        overrides,
        /// Acts that were not done for want of one.
        not_approved,
        /// Shifts opened.
        shifts_opened,
        /// Of them, with another float than was left, over the limit.
        floats_approved,
        /// Shifts closed.
        shifts_closed,
        /// Of them, counted too much or too little.
        counted_wrong,
        /// Of them, by so much that it had to be approved.
        differences_approved,
        /// Of them, counted blind.
        counted_blind,
        /// Drawers that should have held less than nothing.
        below_nothing,
        /// Zs made while a shift went on.
        zs_in_shift,
        /// Of them, shown without what should be in the drawer.
        zs_blind,
        /// Cash put in or taken out by name.
        moves_by_name,
    }
}

counts! {
    /// Clocks and calendars.
    TimeTally {
        /// Days that begin at another hour than midnight.
        cut_over,
        /// Of them, those on which money came on both sides of that hour.
        both_sides,
        /// Payments that the shop's day and WeChat's bill have on different days.
        across_days,
        /// Days of 23 hours with money on them.
        short,
        /// Days of 25 hours with money on them.
        long,
        /// Sales paid in the hour that comes twice.
        in_doubled_hour,
        /// Counters whose clock was not WeChat's all day.
        skewed,
        /// Of them, by more than two minutes.
        skewed_far,
        /// Clocks set forward in the middle of the day.
        set_forward,
        /// Clocks set back in the middle of the day.
        set_back,
        /// Customers who paid just after a cancel, while nothing was heard from WeChat.
        paid_unheard,
        /// Zs made by a clock that was set back behind an earlier one.
        zs_out_of_order,
        /// Orders that WeChat refused for the times in them.
        times_refused,
        /// Payments that came by WeChat's clock after the till had given its order up, and were in time by the till's.
        late_by_another_clock,
    }
}
