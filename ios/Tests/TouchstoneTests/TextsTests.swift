import Foundation
import Testing
import TouchstoneFFI
import TouchstoneSim

@testable import Touchstone

/// The string catalogue as Xcode reads it.
private struct StringCatalogue: Decodable {
    struct Entry: Decodable { let localizations: [String: Localization] }
    struct Localization: Decodable {
        let stringUnit: Unit?
        let variations: Variations?
    }
    struct Variations: Decodable { let plural: [String: Form] }
    struct Form: Decodable { let stringUnit: Unit }
    struct Unit: Decodable { let value: String }

    let strings: [String: Entry]

    static func read() throws -> Self {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Touchstone/Resources/Localizable.xcstrings").standardized
        return try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
    }

    /// Every form of this message, filled in.
    func forms(_ message: Msg, language: String) -> [String] {
        guard let entry = strings[message.key]?.localizations[language] else { return [] }
        let formats = [entry.stringUnit?.value].compactMap { $0 } + (entry.variations?.plural.values.map(\.stringUnit.value) ?? [])
        let arguments = message.arguments { id in
            strings[Msg(id: id, args: []).key]?.localizations[language]?.stringUnit?.value ?? ""
        }
        return formats.map { format in
            var text = format
            for (index, argument) in arguments.enumerated() {
                for kind in ["@", "lld"] {
                    text = text.replacingOccurrences(of: "%\(index + 1)$\(kind)", with: "\(argument)")
                }
            }
            return text.replacingOccurrences(of: "%%", with: "%")
        }
    }
}

@Suite struct TextsTests {
    static let languages = ["ar", "de", "en", "es", "fr", "ja", "pl"]

    /// Every message that any story shows or says.
    private func messages() async throws -> Set<Msg> {
        var messages: Set<Msg> = []
        for name in stories().map(\.name) {
            let story = try Told(name)
            _ = try await story.attempt.run(stage: story)
            for moment in story.moments {
                switch moment {
                case .cue(.say(_, let message, _, _, _, _, _)): messages.insert(message)
                case .cue: break
                case .screen(let screen):
                    messages.formUnion([screen.title, screen.status, screen.primary.label])
                    messages.formUnion(screen.secondary.map(\.label))
                    messages.formUnion([screen.detail, screen.help, screen.field?.label, screen.field?.hint].compactMap { $0 })
                }
            }
        }
        return messages
    }

    @Test func theStringCatalogueSaysWhatTheCoreSaysInEveryLanguage() async throws {
        let catalogue = try StringCatalogue.read()
        let messages = try await messages()
        #expect(messages.count > 40)
        for message in messages {
            for language in Self.languages {
                let expected = Texts.core(language).text(message)
                #expect(catalogue.forms(message, language: language).contains(expected), "\(message.key) in \(language)")
            }
        }
    }

    @Test func aKeyIsTheNameOfTheMessageInTheCatalogue() {
        #expect(Msg(id: .labelConnectDevice, args: []).key == "ts_label_connect_device")
        #expect(Msg(id: .done, args: []).key == "ts_done")
    }

    @Test func argumentsGoByKindAndNotByTheirOrder() {
        let message = Msg(id: .done, args: [.count(5), .network("Home"), .product("Lamp")])
        let arguments = message.arguments { _ in "unnamed" }
        #expect(arguments.map { "\($0)" } == ["Lamp", "Home", "5"])
    }

    @Test func whatHasNoNameIsCalledSomething() {
        let message = Msg(id: .done, args: [.product(""), .network("")])
        #expect(message.arguments { "\($0)" }.map { "\($0)" } == ["unnamedDevice", "unnamedNetwork"])
    }
}
