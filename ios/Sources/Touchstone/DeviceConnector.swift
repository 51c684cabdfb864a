import Foundation
import TouchstoneFFI

/// Connects devices for one app. Keep one.
public actor DeviceConnector {
    private nonisolated let provisioner: Provisioner
    /// Ends when the attempt that runs now has ended.
    private var running: Task<Void, Never>?
    private var current: Attempt?

    /// A connector over any keys and networks.
    ///
    /// - Parameters:
    ///   - bundle: the vendor's signed list of genuine products.
    ///   - vendorKey: the vendor's public key, compiled into the app: an uncompressed P-256 point of 65 bytes.
    ///   - memory: where the number of the newest bundle is kept, so that an older one is refused for good.
    ///   - policy: what the app decides for every attempt.
    /// - Throws: ``ConnectError`` when the bundle cannot be believed.
    public init(
        bundle: Data,
        vendorKey: Data,
        memory: any SecretStore,
        owner: any OwnerKey,
        networks: any NetworkStore,
        policy: Policy = .standard
    ) throws {
        let memory = BundleMemory(store: memory)
        let trust = TrustBundle(signed: bundle, vendorKey: vendorKey, knownSequence: try memory.newest())
        provisioner = try Provisioner(trust: trust, policy: policy, owner: owner, networks: networks)
        try memory.remember(provisioner.bundleSequence())
    }

    /// A connector that makes its attempts from elsewhere: the simulator.
    init(_ provisioner: Provisioner) {
        self.provisioner = provisioner
    }

    /// A new attempt by a person who uses the phone in this way. Nothing happens before it is run.
    public nonisolated func attempt(context: A11yContext) -> Attempt {
        Attempt(provisioner.attempt(context: context))
    }

    /// Runs an attempt. There is one radio: an attempt that still runs is cancelled, and its devices have let go before this one begins.
    public func run(_ attempt: Attempt) async throws -> Report {
        current?.cancel()
        let before = running
        let work = Task {
            await before?.value
            return try await attempt.run()
        }
        current = attempt
        running = Task { _ = await work.result }
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            work.cancel()
        }
    }
}

extension Policy {
    /// Product names in English, counting only where the maker demands it, and keys agreed on with P-256 alone.
    public static var standard: Policy { Policy(language: "en", demandCounting: false, postQuantum: .off) }
}

/// The number of the newest trust bundle this app has believed.
struct BundleMemory {
    private static let service = "dev.touchstone.trust"
    private static let name = "sequence"
    let store: any SecretStore

    /// 0 when there was none.
    func newest() throws -> UInt64 {
        guard let data = try store.read(service: Self.service, name: Self.name) else { return 0 }
        return data.reduce(0) { $0 << 8 | UInt64($1) }
    }

    func remember(_ sequence: UInt64) throws {
        let bytes = stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: sequence >> UInt64($0)) }
        try store.write(Data(bytes), service: Self.service, name: Self.name)
    }
}

#if canImport(Security) && canImport(CryptoKit)
extension DeviceConnector {
    /// A connector with the keys, networks and memory of this phone.
    ///
    /// - Throws: ``ConnectError`` when the bundle cannot be believed, ``SecretStoreError`` when the Keychain cannot be read.
    public init(bundle: Data, vendorKey: Data, policy: Policy = .standard) throws {
        try self.init(
            bundle: bundle, vendorKey: vendorKey, memory: Keychain(), owner: OwnerKeys(), networks: SavedNetworks(),
            policy: policy)
    }
}
#endif
