import Foundation
import Testing
import TouchstoneFFI

@testable import Touchstone

@Suite struct OwnerKeysTests {
    let device = Data([1] + Array(repeating: 7, count: 16))
    let other = Data([1] + Array(repeating: 8, count: 16))
    let setUp = Data(repeating: 5, count: 16)

    @Test func aDeviceKeepsItsKeyAndAnotherGetsItsOwn() throws {
        let keys = OwnerKeys(store: Drawer(), hardware: nil, software: FakeKeys(name: 1))
        let first = try keys.publicKey(ueid: device)
        #expect(try keys.publicKey(ueid: device) == first)
        #expect(try keys.publicKey(ueid: other) != first)
    }

    @Test func aKeyOutlivesTheApp() throws {
        let drawer = Drawer()
        let before = try OwnerKeys(store: drawer, hardware: nil, software: FakeKeys(name: 1)).publicKey(ueid: device)
        let after = try OwnerKeys(store: drawer, hardware: nil, software: FakeKeys(name: 1)).publicKey(ueid: device)
        #expect(before == after)
    }

    @Test func aKeyIsMadeInHardwareWhereThereIsSome() throws {
        let keys = OwnerKeys(store: Drawer(), hardware: FakeKeys(name: 9), software: FakeKeys(name: 1))
        #expect(try keys.publicKey(ueid: device).first == 9)
    }

    @Test func aKeyIsMadeInSoftwareWhenTheHardwareRefuses() throws {
        let keys = OwnerKeys(store: Drawer(), hardware: FakeKeys(name: 9, refuses: true), software: FakeKeys(name: 1))
        #expect(try keys.publicKey(ueid: device).first == 1)
        #expect(try keys.sign(ueid: device, payload: Data("x".utf8)).first == 1)
    }

    @Test func aKeyOfHardwareThatIsGoneIsNotReplaced() throws {
        let drawer = Drawer()
        let before = OwnerKeys(store: drawer, hardware: FakeKeys(name: 9), software: FakeKeys(name: 1))
        _ = try before.publicKey(ueid: device)
        let after = OwnerKeys(store: drawer, hardware: nil, software: FakeKeys(name: 1))
        #expect(throws: OwnerKeysError.hardwareGone) { try after.publicKey(ueid: device) }
    }

    @Test func aDeviceThatWasNeverMetCannotBeSignedFor() {
        let keys = OwnerKeys(store: Drawer(), hardware: nil, software: FakeKeys(name: 1))
        #expect(throws: OwnerKeysError.unknownDevice) { try keys.sign(ueid: device, payload: Data()) }
        #expect(throws: OwnerKeysError.unknownDevice) { try keys.markSent(ueid: device, setUp: setUp) }
    }

    @Test func theSetUpThatCredentialsWereSentInOutlivesTheApp() throws {
        let drawer = Drawer()
        let keys = OwnerKeys(store: drawer, hardware: nil, software: FakeKeys(name: 1))
        #expect(try keys.sent(ueid: device) == nil)
        let key = try keys.publicKey(ueid: device)
        #expect(try keys.sent(ueid: device) == nil)
        try keys.markSent(ueid: device, setUp: setUp)
        let again = OwnerKeys(store: drawer, hardware: nil, software: FakeKeys(name: 1))
        #expect(try again.sent(ueid: device) == setUp)
        #expect(try again.publicKey(ueid: device) == key)
        try again.markSent(ueid: device, setUp: nil)
        #expect(try keys.sent(ueid: device) == nil)
        #expect(try keys.publicKey(ueid: device) == key)
    }

    @Test(arguments: [15, 17])
    func aNameOfAnotherLengthIsNotKept(length: Int) throws {
        let keys = OwnerKeys(store: Drawer(), hardware: nil, software: FakeKeys(name: 1))
        _ = try keys.publicKey(ueid: device)
        #expect(throws: OwnerKeysError.damaged) { try keys.markSent(ueid: device, setUp: Data(count: length)) }
        #expect(try keys.sent(ueid: device) == nil)
    }

    @Test func aForgottenDeviceGetsANewKey() throws {
        let keys = OwnerKeys(store: Drawer(), hardware: nil, software: FakeKeys(name: 1))
        let first = try keys.publicKey(ueid: device)
        try keys.forget(ueid: device)
        #expect(try keys.publicKey(ueid: device) != first)
    }

    @Test func aStoreThatFailsMakesNoKeyThatIsLostAtOnce() {
        let keys = OwnerKeys(store: Drawer(broken: true), hardware: nil, software: FakeKeys(name: 1))
        #expect(throws: SecretStoreError.self) { try keys.publicKey(ueid: device) }
    }

    @Test(arguments: [Data(), Data([1]), Data([1, 0]), Data([3, 0, 1]), Data([1, 2, 1, 1, 1]), Data([1, 16]) + Data(count: 16)])
    func whatIsNoKeyIsRefused(kept: Data) throws {
        let drawer = Drawer()
        let name = device.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        try drawer.write(kept, service: "dev.touchstone.owner", name: name)
        let keys = OwnerKeys(store: drawer, hardware: nil, software: FakeKeys(name: 1))
        #expect(throws: OwnerKeysError.damaged) { try keys.publicKey(ueid: device) }
    }

    @Test func attemptsThatMeetADeviceAtOnceGetOneKey() async throws {
        let keys = OwnerKeys(store: Drawer(), hardware: nil, software: FakeKeys(name: 1))
        let device = device
        let found = try await withThrowingTaskGroup(of: Data.self) { group in
            for _ in 0..<50 {
                group.addTask { try keys.publicKey(ueid: device) }
            }
            return try await group.reduce(into: Set<Data>()) { $0.insert($1) }
        }
        #expect(found.count == 1)
    }
}

@Suite struct SavedNetworksTests {
    private func network(_ name: String, _ password: String? = "correct horse") -> SavedNetwork {
        SavedNetwork(
            ssid: Data(name.utf8), security: password == nil ? .open : .wpa2Psk,
            passphrase: password.map { Data($0.utf8) }, hidden: false)
    }

    @Test func theMostRecentComesFirstAndOnce() throws {
        let networks = SavedNetworks(store: Drawer())
        for name in ["Home", "Garden", "Home"] {
            try networks.save(network: network(name))
        }
        #expect(networks.saved().map(\.ssid) == [Data("Home".utf8), Data("Garden".utf8)])
    }

    @Test func aNetworkComesBackAsItWas() throws {
        let drawer = Drawer()
        for security in [Security.open, .owe, .wpa2Psk, .wpa3Sae, .wpa2Wpa3] {
            let network = SavedNetwork(ssid: Data([0xff, 0]), security: security, passphrase: Data([1, 2]), hidden: true)
            try SavedNetworks(store: drawer).save(network: network)
            let again = try #require(SavedNetworks(store: drawer).saved().first)
            #expect(again == network)
        }
    }

    @Test func aNewPasswordTakesThePlaceOfTheOldOne() throws {
        let networks = SavedNetworks(store: Drawer())
        try networks.save(network: network("Home", "old password"))
        try networks.save(network: network("Home", "new password"))
        #expect(networks.saved().map(\.passphrase) == [Data("new password".utf8)])
    }

    @Test func onlySoManyAreKept() throws {
        let networks = SavedNetworks(store: Drawer())
        for number in 0..<40 {
            try networks.save(network: network("Net \(number)"))
        }
        #expect(networks.saved().count == SavedNetworks.most)
        #expect(networks.saved().first?.ssid == Data("Net 39".utf8))
    }

    @Test func aForgottenNetworkIsGone() throws {
        let networks = SavedNetworks(store: Drawer())
        try networks.save(network: network("Home"))
        try networks.forget(ssid: Data("Home".utf8))
        #expect(networks.saved().isEmpty)
    }

    @Test func aStoreThatCannotBeReadHasNoNetworks() {
        #expect(SavedNetworks(store: Drawer(broken: true)).saved().isEmpty)
    }

    @Test func aPasswordIsInNoDescription() {
        let saved = network("Home", "correct horse")
        var dumped = ""
        dump(saved, to: &dumped)
        for text in ["\(saved)", String(reflecting: saved), dumped, "\([saved])"] {
            #expect(!text.contains("correct horse") && !text.contains("13 bytes"), "\(text)")
        }
    }
}
