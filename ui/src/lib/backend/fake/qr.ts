/** Draws a QR code the way the real till hands it over: dark modules as one path. */
import qrcode from 'qrcode-generator';
import type { QrView } from '../backend';

export function drawQr(text: string): QrView {
    const code = qrcode(0, 'M');
    code.addData(text);
    code.make();
    const modules = code.getModuleCount();
    let path = '';
    for (let y = 0; y < modules; y += 1) {
        for (let x = 0; x < modules; x += 1) {
            let run = 0;
            while (x + run < modules && code.isDark(y, x + run)) run += 1;
            if (run > 0) path += `M${x} ${y}h${run}v1h-${run}z`;
            x += run;
        }
    }
    return { modules, path };
}
