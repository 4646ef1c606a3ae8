//! Documents as a till makes them: a day's closing in Chinese and in English, and a customer's receipt.

use till_paper::{Bar, Column, Document, Table, Weight};

pub(crate) const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// A day's closing of many goods: three pages of A4.
pub(crate) fn z_in_chinese(goods: usize) -> Document {
    let mut z = Document::new("日结单 Z-0042");
    z.weighted_centred("晨光便利店（中关村店）", Weight::Strong);
    z.centred("北京市海淀区中关村大街 27 号 · 收银机 T1");
    z.note("2026-11-23 08:00 至 2026-11-23 22:15 · 开班 王小明 · 交班 李雷 · ScanTill 0.1.0");
    z.mark("副本 COPY");
    z.heading("销售");
    z.row("销售笔数", "128")
        .row("商品件数", "342")
        .row("销售总额", "¥3,412.80");
    z.row("退款（3 笔）", "-¥208.30");
    z.weighted_row("净额", "¥3,204.50", Weight::Large);
    z.heading("按收款方式");
    let mut methods = Table::new([
        Column::text("方式"),
        Column::figures("笔数"),
        Column::figures("收款"),
        Column::figures("退款"),
        Column::figures("净额"),
        Column::figures("差异"),
    ]);
    methods.row(["微信支付", "104", "2,871.30", "188.30", "2,683.00", "0.00"]);
    methods.row(["现金", "24", "541.50", "20.00", "521.50", "-1.50"]);
    methods.weighted_row(
        ["合计", "128", "3,412.80", "208.30", "3,204.50", "-1.50"],
        Weight::Strong,
    );
    z.table(methods);
    z.heading("按时段");
    z.bars([
        Bar::new("08 时", 21_350, "¥213.50"),
        Bar::new("09 时", 40_120, "¥401.20"),
        Bar::new("10 时", 28_900, "¥289.00"),
        Bar::new("11 时", 61_240, "¥612.40"),
        Bar::new("12 时", 98_010, "¥980.10"),
        Bar::new("13 时", 0, "¥0.00"),
        Bar::new("14 时", 70_830, "¥708.30"),
    ]);
    z.heading("商品");
    let mut table = Table::new([
        Column::text("商品"),
        Column::figures("数量"),
        Column::figures("金额"),
    ]);
    for at in 0..goods {
        let names = [
            "农夫山泉饮用天然水 550ml",
            "康师傅红烧牛肉面（桶装）",
            "Oreo 奥利奥夹心饼干 原味 116g",
            "鸡蛋 500g",
        ];
        let (name, count) = (names[at % names.len()], at % 7 + 1);
        table.row([
            format!("{name} #{at}"),
            count.to_string(),
            format!("{}.{:02}", count * 3, at % 100),
        ]);
    }
    table.weighted_row(["合计", "342", "3,204.50"], Weight::Strong);
    z.table(table);
    z.heading("现金")
        .row("备用金", "¥200.00")
        .row("应有", "¥721.50")
        .row("实点", "¥720.00");
    z.weighted_row("短款", "-¥1.50", Weight::Strong);
    z.space().rule();
    z.paragraph("流水摘要（SHA-256）").code(DIGEST);
    z.note("历史累计净额 ¥1,203,004.50；上一张 Z-0041。此单不可更改，更正记入次日。");
    z
}

pub(crate) fn z_in_english() -> Document {
    let mut z = Document::new("Day closing Z-0042").in_language("en");
    z.weighted_centred("Morning Light Convenience Store 晨光便利店", Weight::Strong);
    z.centred("27 Zhongguancun Street, Haidian, Beijing · till T1");
    z.note("From 2026-11-23 08:00 to 2026-11-23 22:15 · opened by Wang Xiaoming · closed by Li Lei · ScanTill 0.1.0");
    z.heading("Sales");
    z.row("Number of sales", "128")
        .row("Pieces sold", "342")
        .row("Gross sales", "¥3,412.80");
    z.row(
        "Refunds, in part or in whole, of sales of this and of earlier days (3)",
        "-¥208.30",
    );
    z.weighted_row("Net", "¥3,204.50", Weight::Large);
    z.heading("By method");
    let mut methods = Table::new([
        Column::text("Method"),
        Column::figures("Count"),
        Column::figures("Taken"),
        Column::figures("Refunded"),
        Column::figures("Net"),
        Column::figures("Difference"),
    ]);
    methods.row(["WeChat Pay", "104", "2,871.30", "188.30", "2,683.00", "0.00"]);
    methods.row(["Cash", "24", "541.50", "20.00", "521.50", "-1.50"]);
    methods.weighted_row(
        ["Total", "128", "3,412.80", "208.30", "3,204.50", "-1.50"],
        Weight::Strong,
    );
    z.table(methods);
    z.heading("By hour");
    z.bars((8..22).map(|hour: u64| {
        let fen = hour * hour * 7_919 % 90_000;
        Bar::new(
            format!("{hour:02}:00"),
            fen,
            format!("¥{}.{:02}", fen / 100, fen % 100),
        )
    }));
    z.heading("Exceptions");
    z.paragraph("Two notifications were refused because of a wrong signature; one payment came after its deadline and was decided by the manager (order 20261123T1000087).");
    z.space().rule();
    z.paragraph("Digest of the journal (SHA-256)").code(DIGEST);
    z.note("Running net ¥1,203,004.50; previous closing Z-0041. This closing can't be changed; corrections go into the next day.");
    z
}

pub(crate) fn receipt() -> Document {
    let mut receipt = Document::new("晨光便利店");
    receipt.centred("欢迎光临 Welcome");
    receipt.rule();
    receipt
        .row("单号", "T1-20261123-0087")
        .row("时间", "2026-11-23 14:05:09");
    let mut goods = Table::new([
        Column::text("商品"),
        Column::figures("数量"),
        Column::figures("金额"),
    ]);
    goods.row(["农夫山泉饮用天然水 550ml", "2", "4.00"]);
    goods.row(["Oreo 奥利奥夹心饼干 原味 116g 家庭装", "1", "12.50"]);
    goods.row(["鸡蛋", "10", "9.90"]);
    receipt.table(goods);
    receipt.rule();
    receipt.weighted_row("合计", "¥26.40", Weight::Large);
    receipt.row("微信支付", "¥26.40");
    receipt.row("微信支付订单号", "4200001234202611230123456789");
    receipt.space();
    receipt.centred("谢谢惠顾，请保留小票 Thank you!");
    receipt
}
