/// Quantities in the words of people: three significant digits and a unit.
package enum Units {
    /// Such as `1.42 GiB`.
    package static func bytes(_ count: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var value = Double(count)
        var unit = 0
        while value >= 999.5, unit + 1 < units.count {
            value /= 1_024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(significant(value)) \(units[unit])"
    }

    /// A number with a space between each three digits, such as `61 050`.
    package static func count(_ count: some BinaryInteger) -> String {
        let digits = Array(String(count))
        var text = ""
        for (place, digit) in digits.enumerated() {
            let left = digits.count - place
            if place > 0, left % 3 == 0, digits[place - 1] != "-" { text += "\u{202F}" }
            text.append(digit)
        }
        return text
    }

    /// Such as `3.2 µs`, `170 ms`, `2 min 5 s` or `3 d 4 h`.
    package static func duration(_ duration: Duration) -> String {
        let parts = duration.components
        guard parts.seconds >= 0, parts.attoseconds >= 0 else {
            return "-" + Self.duration(.zero - duration)
        }
        let seconds = parts.seconds
        switch seconds {
        case 86_400...: return "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
        case 3_600...: return "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
        case 60...: return "\(seconds / 60) min \(seconds % 60) s"
        default: break
        }
        let value = Double(seconds) + Double(parts.attoseconds) / 1e18
        if value == 0 { return "0 s" }
        if value >= 0.9995 { return "\(significant(value)) s" }
        if value >= 0.0009995 { return "\(significant(value * 1e3)) ms" }
        return "\(significant(value * 1e6)) µs"
    }

    /// Three significant digits, but all digits before the point.
    package static func significant(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "-" }
        return switch abs(value) {
        case 99.95...: decimal(value, digits: 0)
        case 9.995...: decimal(value, digits: 1)
        default: decimal(value, digits: 2)
        }
    }

    /// With a fixed number of decimals, from 0 to 9; `-` where it is not finite or has more than 18
    /// digits in all.
    package static func decimal(_ value: Double, digits: Int) -> String {
        precondition((0...9).contains(digits), "\(digits) decimals")
        var scale: Int64 = 1
        for _ in 0..<digits { scale *= 10 }
        let magnitude = abs(value) * Double(scale)
        guard magnitude < 1e18 else { return "-" }
        let scaled = Int64(magnitude.rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(scaled)" }
        let rest = String(scaled % scale)
        let zeros = String(repeating: "0", count: digits - rest.utf8.count)
        return "\(sign)\(scaled / scale).\(zeros)\(rest)"
    }
}
