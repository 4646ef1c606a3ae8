/** The goods of an invented shop: name, pinyin initials, price in fen, stock, category. */
import type { CartLine, ProductView } from '../backend';

export interface FakeProduct extends ProductView {
    initials: string;
}

const DRINKS = '饮料';
const SNACKS = '零食';
const DAIRY = '乳品';
const COOKED = '熟食';
const FROZEN = '冷冻';
const DAILY = '日用';

type Row = [string, string, number | null, number | null, string];

const ROWS: Row[] = [
    ['农夫山泉 550ml', 'nfsq', 200, 146, DRINKS],
    ['可口可乐 330ml', 'kkkl', 300, 88, DRINKS],
    ['红牛 250ml', 'hn', 600, 31, DRINKS],
    ['三得利乌龙茶 500ml', 'sdlwlc', 550, 4, DRINKS],
    ['现磨拿铁 大杯', 'xmntdb', 1200, null, DRINKS],
    ['三全鲜肉水饺 500g', 'sqxrsj', 1580, 22, FROZEN],
    ['关东煮 单串', 'gdz', 250, null, COOKED],
    ['茶叶蛋', 'cyd', 200, 40, COOKED],
    ['饭团 金枪鱼', 'ftjqy', 680, 3, COOKED],
    ['肉松面包', 'rsmb', 750, 12, SNACKS],
    ['伊利纯牛奶 250ml', 'ylcnn', 350, 64, DAIRY],
    ['安慕希 原味 205g', 'amx', 590, 30, DAIRY],
    ['乐事薯片 原味 75g', 'lssp', 850, 17, SNACKS],
    ['奥利奥 97g', 'ala', 690, 25, SNACKS],
    ['德芙巧克力 43g', 'dfqkl', 990, 2, SNACKS],
    ['维达抽纸 3 包', 'wdcz', 1290, 19, DAILY],
    ['高露洁牙膏 120g', 'gljyg', 1150, 8, DAILY],
    ['雨伞 晴雨两用', 'ys', 3900, 6, DAILY],
    ['购物袋 中号', 'gwd', 50, 500, DAILY],
    ['自定金额', 'zdje', null, null, DAILY],
    ['怡宝纯净水 555ml', 'ybcjs', 200, 120, DRINKS],
    ['百事可乐 500ml', 'bskl', 350, 54, DRINKS],
    ['雪碧 500ml', 'xb', 350, 47, DRINKS],
    ['东方树叶 茉莉花茶', 'dfsy', 500, 36, DRINKS],
    ['元气森林 白桃', 'yqsl', 550, 0, DRINKS],
    ['康师傅冰红茶 500ml', 'ksfbhc', 350, 60, DRINKS],
    ['加多宝 310ml', 'jdb', 450, 28, DRINKS],
    ['脉动 青柠 600ml', 'md', 500, 22, DRINKS],
    ['青岛啤酒 500ml', 'qdpj', 600, 48, DRINKS],
    ['雪花啤酒 500ml', 'xhpj', 500, 5, DRINKS],
    ['豆浆 热', 'dj', 300, null, COOKED],
    ['肉包', 'rb', 250, 18, COOKED],
    ['菜包', 'cb', 200, 16, COOKED],
    ['烤肠 台式', 'kc', 500, 24, COOKED],
    ['玉米 热', 'ym', 600, 9, COOKED],
    ['便当 照烧鸡腿', 'bd', 1680, 6, COOKED],
    ['便当 红烧牛肉', 'bd', 1880, 1, COOKED],
    ['三明治 火腿鸡蛋', 'smz', 880, 7, COOKED],
    ['蒙牛酸奶 100g×8', 'mnsn', 1590, 14, DAIRY],
    ['养乐多 5 瓶', 'yld', 1250, 20, DAIRY],
    ['光明鲜牛奶 950ml', 'gmxnn', 1690, 11, DAIRY],
    ['旺仔牛奶 245ml', 'wznn', 500, 33, DAIRY],
    ['卫龙辣条 大面筋', 'wllt', 550, 42, SNACKS],
    ['洽洽香瓜子 260g', 'qqxgz', 1390, 16, SNACKS],
    ['旺旺雪饼 84g', 'wwxb', 590, 23, SNACKS],
    ['盼盼法式小面包', 'ppfsxmb', 1290, 12, SNACKS],
    ['士力架 51g', 'slj', 500, 38, SNACKS],
    ['绿箭口香糖', 'ljkxt', 250, 70, SNACKS],
    ['大白兔奶糖 114g', 'dbtnt', 1080, 15, SNACKS],
    ['康师傅红烧牛肉面', 'ksfhsnrm', 500, 55, SNACKS],
    ['统一老坛酸菜面', 'tyltscm', 500, 49, SNACKS],
    ['汤达人 日式豚骨', 'tdr', 750, 21, SNACKS],
    ['湾仔码头馄饨 300g', 'wzmtht', 1980, 10, FROZEN],
    ['思念汤圆 黑芝麻', 'snty', 1290, 13, FROZEN],
    ['可爱多 草莓', 'kad', 600, 26, FROZEN],
    ['巧乐兹', 'qlz', 450, 34, FROZEN],
    ['清风湿巾 10 片', 'qfsj', 350, 29, DAILY],
    ['舒肤佳香皂 115g', 'sfjxz', 690, 18, DAILY],
    ['南孚电池 5 号 4 粒', 'nfdc', 1490, 27, DAILY],
    ['一次性口罩 10 只', 'ycxkz', 990, 40, DAILY],
    ['数据线 Type-C', 'sjx', 1990, 3, DAILY],
    ['打火机', 'dhj', 200, 66, DAILY],
];

export function shopProducts(): FakeProduct[] {
    return ROWS.map(([name, initials, priceFen, available, category], index) => ({
        id: index + 1,
        name,
        initials,
        // The first one bears a code that a test can scan.
        barcode: priceFen === null ? null : String(6901234500000 + index),
        category,
        priceFen,
        available,
    }));
}

export const SHOP_NAME = '小满便利店';

/** The shelves after these lines were taken from them (-1) or put back (1). */
export function moved(products: FakeProduct[], lines: CartLine[], sign: 1 | -1): FakeProduct[] {
    const change = new Map<number, number>();
    for (const line of lines) {
        change.set(line.productId, (change.get(line.productId) ?? 0) + sign * line.quantity);
    }
    return products.map((product) => ({
        ...product,
        available: product.available === null ? null : product.available + (change.get(product.id) ?? 0),
    }));
}
