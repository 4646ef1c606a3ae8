/** What the invented till says of its configuration. */
import type { SettingsView } from '../backend';

export function settingsView(withBroker: boolean, training: boolean): SettingsView {
    return {
        configPath: '/home/shop/.config/scantill/config.toml',
        dataDir: '/home/shop/.local/share/scantill/training',
        reportsDir: '/home/shop/.local/share/scantill/training/reports',
        version: '0.1.0',
        appid: 'wx2421b1c4370ec43b',
        mchId: '10000100',
        signType: 'HMAC-SHA256',
        baseUrl: 'http://127.0.0.1:18080',
        notifyUrl: 'https://pay.example.com/weixin/pay/notify/url',
        broker: withBroker ? 'broker.example.com:5671/scantill' : null,
        keyKeptIn: 'keyring',
        pollSeconds: 3,
        timeoutMinutes: 30,
        phoneUrl: training ? 'http://127.0.0.1:18080/phone' : null,
    };
}
