//! The windows of the till.
pub mod commands;
mod convert;
pub mod customer;
pub mod findings;
pub mod shop;
mod training;
pub mod view;
pub mod windows;

use tauri_specta::{collect_commands, collect_events};

/// The commands and events of the app, used both to serve them and to write the pages' types.
pub fn bindings() -> tauri_specta::Builder<tauri::Wry> {
    use commands::bills::*;
    use commands::cash::*;
    use commands::cash_refund::*;
    use commands::keeping::*;
    use commands::notify::*;
    use commands::open_drawer::*;
    use commands::refund::*;
    use commands::report::*;
    use commands::staff::*;
    use commands::*;
    tauri_specta::Builder::<tauri::Wry>::new()
        .commands(collect_commands![
            snapshot,
            customer,
            watch_customer,
            products,
            categories,
            cart_add,
            cart_scan,
            cart_set_quantity,
            cart_reprice,
            cart_clear,
            cart_hold,
            cart_fetch,
            pay,
            check_now,
            to_background,
            to_front,
            seen,
            cancel,
            pay_again,
            done,
            orders,
            order,
            day,
            import_products,
            settings,
            set_locale,
            reload_config,
            open_phone,
            sign_in,
            lock_till,
            still_here,
            add_first_manager,
            add_user,
            change_user,
            put_off_duty,
            set_house,
            open_cash,
            shut_cash,
            take_cash,
            take_part,
            give_cash_back,
            drawer,
            open_drawer,
            open_shift,
            move_cash,
            close_shift,
            keeping,
            back_up_now,
            check_backup,
            restore_backup,
            self_check,
            probe_notify,
            dead_letters,
            dead_letters_seen,
            agreement,
            note_difference,
            sign_off,
            import_bill,
            refundable,
            refund,
            refund_again,
            refund_withdraw,
            refund_settle,
            refund_check,
            cash_sale,
            cash_refundable,
            cash_refund,
            adopt,
            deny,
            refund_review,
            x_report,
            z_report,
            z_reports,
            z_provider,
            close_day,
            export_report,
            print_report
        ])
        // Nothing but `OrderQuery` and `Locale` is ever read, and neither differs by direction.
        .disable_serde_phases()
        .events(collect_events![view::Snapshot, view::ExportProgress])
}

#[cfg(test)]
mod tests {
    use std::fs;

    const BINDINGS: &str = "ui/src/lib/backend/bindings.ts";

    /// `UPDATE_BINDINGS=1 cargo test -p scantill` writes them anew.
    #[test]
    fn the_pages_types_are_those_of_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join("bindings.ts");
        super::bindings()
            .export(specta_typescript::Typescript::default(), &fresh)
            .unwrap();
        let fresh = fs::read_to_string(fresh).unwrap();
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            fs::write(BINDINGS, &fresh).unwrap();
        }
        let committed = fs::read_to_string(BINDINGS).unwrap();
        assert!(
            committed == fresh,
            "{BINDINGS} is stale: run UPDATE_BINDINGS=1 cargo test -p scantill --lib"
        );
    }
}
