/// The words of messages: numbers with their nouns, articles, and texts that are quoted.
package enum Words {
    /// Scalars of a text over which a message has its beginning alone.
    private static let quotedScalars = 40

    /// Such as `1 change`, `2 changes` or `1 entry`; `plural` where it has more than an s.
    package static func counted(
        _ count: some BinaryInteger, _ noun: String, _ plural: String? = nil
    ) -> String {
        "\(count) \(Self.noun(noun, for: count, plural))"
    }

    /// The noun alone, behind a number that is written in its own way.
    package static func noun(
        _ noun: String, for count: some BinaryInteger, _ plural: String? = nil
    ) -> String {
        count == 1 ? noun : plural ?? noun + "s"
    }

    /// A name with its article, such as `a manifest` or `an archive`, by its first letter.
    ///
    /// Not for what begins with a vowel that is said as a consonant, but for those words of ours:
    /// `uri` and `ustring` are said by their first letter.
    package static func withArticle(_ word: String) -> String {
        let isSaidAsConsonant = word.hasPrefix("uri") || word.hasPrefix("ustring")
        let begins = word.first.map { "aeiouAEIOU".contains($0) } ?? false
        return "\(begins && !isSaidAsConsonant ? "an" : "a") \(word)"
    }

    /// A text in quotes, with control characters made visible; of a long one the beginning and `…`.
    package static func quoted(_ text: some StringProtocol) -> String {
        var shown = "\""
        for (place, scalar) in text.unicodeScalars.enumerated() {
            if place == quotedScalars {
                shown += "…"
                break
            }
            let isPlain =
                scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value) && scalar != "\""
                && scalar != "\\"
            shown += isPlain ? String(scalar) : scalar.escaped(asASCII: true)
        }
        return shown + "\""
    }
}
