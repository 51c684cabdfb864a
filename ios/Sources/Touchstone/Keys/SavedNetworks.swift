import Foundation
import TouchstoneFFI

/// Networks that worked, so that nothing is typed twice. Kept on this phone only.
public final class SavedNetworks: NetworkStore, Sendable {
    /// A network as it is kept.
    private struct Kept: Codable {
        let ssid: Data
        let security: String
        let passphrase: Data?
        let hidden: Bool
    }

    /// More than this are hardly of one home.
    public static let most = 16
    private static let service = "dev.touchstone.networks"
    private static let name = "saved"

    private let store: any SecretStore
    private let lock = NSLock()

    /// Networks in `store`.
    public init(store: any SecretStore) {
        self.store = store
    }

    /// The saved networks, most recently used first. What cannot be read counts as nothing: it will be typed once more.
    public func saved() -> [SavedNetwork] {
        lock.lock()
        defer { lock.unlock() }
        return read().compactMap { kept in
            Security(kept: kept.security).map {
                SavedNetwork(ssid: kept.ssid, security: $0, passphrase: kept.passphrase, hidden: kept.hidden)
            }
        }
    }

    /// Saves a network that worked, as the most recent one.
    public func save(network: SavedNetwork) throws {
        let new = Kept(
            ssid: network.ssid, security: network.security.kept, passphrase: network.passphrase, hidden: network.hidden)
        try change { networks in
            networks.removeAll { $0.ssid == new.ssid }
            networks.insert(new, at: 0)
        }
    }

    /// Forgets the network of this name.
    public func forget(ssid: Data) throws {
        try change { networks in networks.removeAll { $0.ssid == ssid } }
    }

    private func change(_ body: (inout [Kept]) -> Void) throws {
        lock.lock()
        defer { lock.unlock() }
        var networks = read()
        body(&networks)
        let data = try JSONEncoder().encode(Array(networks.prefix(Self.most)))
        try store.write(data, service: Self.service, name: Self.name)
    }

    private func read() -> [Kept] {
        guard let data = try? store.read(service: Self.service, name: Self.name) else { return [] }
        return (try? JSONDecoder().decode([Kept].self, from: data)) ?? []
    }
}

extension Security {
    fileprivate var kept: String {
        switch self {
        case .open: return "open"
        case .owe: return "owe"
        case .wpa2Psk: return "wpa2"
        case .wpa3Sae: return "wpa3"
        case .wpa2Wpa3: return "wpa2-wpa3"
        case .enterprise: return "enterprise"
        }
    }

    fileprivate init?(kept: String) {
        switch kept {
        case "open": self = .open
        case "owe": self = .owe
        case "wpa2": self = .wpa2Psk
        case "wpa3": self = .wpa3Sae
        case "wpa2-wpa3": self = .wpa2Wpa3
        case "enterprise": self = .enterprise
        default: return nil
        }
    }
}

/// A password gets into no log by accident.
extension SavedNetwork: CustomStringConvertible, CustomReflectable {
    public var description: String { "SavedNetwork" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

#if canImport(Security)
extension SavedNetworks {
    /// The networks of this phone, in the Keychain.
    public convenience init() {
        self.init(store: Keychain())
    }
}
#endif
