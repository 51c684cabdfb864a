import Foundation
import TouchstoneFFI

/// Turns messages into sentences in the person's language.
public struct Texts: Sendable {
    /// The language of the sentences, as a BCP 47 tag: the voice of the screen reader follows it, also when the app speaks another.
    public let language: String
    private let sentence: @Sendable (Msg) -> String

    /// Sentences from anywhere: to say something in the words of the app.
    public init(language: String, sentence: @escaping @Sendable (Msg) -> String) {
        self.language = language
        self.sentence = sentence
    }

    /// The sentence of this message.
    public func text(_ message: Msg) -> String {
        sentence(message)
    }
}

extension Msg {
    /// The key of this message in the string catalogue.
    public var key: String {
        var key = "ts_"
        for character in String(describing: id) {
            if character.isUppercase {
                key += "_"
            }
            key += character.lowercased()
        }
        return key
    }

    /// The arguments in the order in which the string catalogue numbers them: device, network, number.
    ///
    /// A device or network without a name that can be shown is called what `unnamed` calls it.
    func arguments(unnamed: (MsgId) -> String) -> [any CVarArg] {
        var product: String?
        var network: String?
        var count: UInt32?
        for argument in args {
            switch argument {
            case .product(let name): product = name.isEmpty ? unnamed(.unnamedDevice) : name
            case .network(let name): network = name.isEmpty ? unnamed(.unnamedNetwork) : name
            case .count(let number): count = number
            }
        }
        let names: [String] = [product, network].compactMap { $0 }
        #if canImport(ObjectiveC)
        let objects: [any CVarArg] = names.map { $0 as NSString }
        #else
        let objects: [any CVarArg] = names
        #endif
        return objects + (count.map { [Int64($0)] } ?? [])
    }
}

#if canImport(ObjectiveC)
extension Texts {
    /// The package's own sentences, in the language of the app where there is a translation. The app's own catalogue goes first: a key of ours
    /// in its table `Touchstone` replaces our sentence.
    public static var packaged: Texts {
        let bundle = Bundle.module
        let language = bundle.preferredLocalizations.first ?? "en"
        let locale = Locale(identifier: language)
        @Sendable func format(_ key: String) -> String {
            let ours = bundle.localizedString(forKey: key, value: nil, table: nil)
            return Bundle.main.localizedString(forKey: key, value: ours, table: "Touchstone")
        }
        return Texts(language: language) { message in
            let arguments = message.arguments { format(Msg(id: $0, args: []).key) }
            let format = format(message.key)
            return arguments.isEmpty ? format : String(format: format, locale: locale, arguments: arguments)
        }
    }
}
#endif
