package import Properties
import Wording

/// Why a text is no value of a type, for people.
package enum ValueRefusal {
    /// Such as `"x" is no count, which svc:/a/:properties/g/p wants`; for one that is too long, how
    /// much.
    ///
    /// With `isAsked`, the type is not the property's own, but one that is asked for.
    package static func text(
        of text: String, as type: PropertyType, for property: String, isAsked: Bool = false
    ) -> String {
        if let excess = excess(of: text, as: type) { return "a value of \(property) \(excess)" }
        let refusal = "\(Words.quoted(text)) is no \(type)"
        return isAsked ? refusal : "\(refusal), which \(property) wants"
    }

    /// How much too long a text is for a value of `type`; nil where its length is right.
    package static func excess(of text: String, as type: PropertyType) -> String? {
        let count = text.utf8.count
        let most: Int
        let unit: String
        switch type.root {
        case .astring: (most, unit) = (PropertyValue.textBytes, "bytes")
        case .opaque: (most, unit) = (PropertyValue.opaqueBytes * 2, "hexadecimal digits")
        case .boolean, .count, .integer, .time, .ustring, .uri, .fmri, .host, .hostname,
            .netAddress, .netAddressV4, .netAddressV6:
            return nil
        }
        guard count > most else { return nil }
        return "has \(count) \(unit), the most of \(Words.withArticle("\(type)")) are \(most): "
            + "\(Words.quoted(text)); split it into several values"
    }
}
