#if canImport(UIKit)
import AVFoundation
import CoreHaptics
import TouchstoneFFI
import UIKit

/// What the phone does for the person: VoiceOver speaks, the motor vibrates, the speaker plays.
@MainActor
final class Phone: Performer {
    /// What the person uses, whenever it changes.
    var contextChanged: ((A11yContext) -> Void)?
    /// What VoiceOver has finished, and whether it got to the end.
    var finished: ((String, Bool) -> Void)?

    private let haptics = Haptics()
    private var player: AVAudioPlayer?
    /// Written once, before anyone else sees this.
    private nonisolated(unsafe) var observers: [any NSObjectProtocol] = []

    init() {
        let center = NotificationCenter.default
        let settings: [Notification.Name] = [
            UIAccessibility.voiceOverStatusDidChangeNotification,
            UIAccessibility.switchControlStatusDidChangeNotification,
            UIAccessibility.reduceMotionStatusDidChangeNotification,
        ]
        for setting in settings {
            observers.append(
                center.addObserver(forName: setting, object: nil, queue: .main) { [weak self] _ in
                    MainActor.assumeIsolated {
                        guard let self else { return }
                        self.contextChanged?(self.context)
                    }
                })
        }
        observers.append(
            center.addObserver(
                forName: UIAccessibility.announcementDidFinishNotification, object: nil, queue: .main
            ) { [weak self] notification in
                let text = notification.userInfo?[UIAccessibility.announcementStringValueUserInfoKey] as? String
                let delivered = notification.userInfo?[UIAccessibility.announcementWasSuccessfulUserInfoKey] as? Bool
                MainActor.assumeIsolated {
                    guard let text else { return }
                    self?.finished?(text, delivered ?? false)
                }
            })
    }

    deinit {
        for observer in observers {
            NotificationCenter.default.removeObserver(observer)
        }
    }

    /// What the person uses, now.
    var context: A11yContext {
        A11yContext(
            screenReader: UIAccessibility.isVoiceOverRunning,
            switchAccess: UIAccessibility.isSwitchControlRunning,
            reduceMotion: UIAccessibility.isReduceMotionEnabled,
            haptics: haptics.exist,
            sounds: true,
            timeScale: 1)
    }

    func announce(_ announcement: Announcement) {
        let now = ProcessInfo.processInfo.systemUptime
        guard announcement.at <= announcement.expires else { return }
        Task {
            if announcement.at > now {
                try? await Task.sleep(nanoseconds: UInt64((announcement.at - now) * 1_000_000_000))
            }
            UIAccessibility.post(notification: .announcement, argument: Self.spoken(announcement))
        }
    }

    private static func spoken(_ announcement: Announcement) -> NSAttributedString {
        var attributes: [NSAttributedString.Key: Any] = [.accessibilitySpeechLanguage: announcement.language]
        if #available(iOS 17, *) {
            let priority: UIAccessibilityPriority
            switch announcement.priority {
            case .low: priority = .low
            case .standard: priority = .default
            case .high: priority = .high
            }
            attributes[.accessibilitySpeechAnnouncementPriority] = priority
        } else {
            attributes[.accessibilitySpeechQueueAnnouncement] = announcement.queued
        }
        return NSAttributedString(string: announcement.text, attributes: attributes)
    }

    func feel(_ haptic: Haptic) {
        haptics.play(haptic)
    }

    func play(_ earcon: Earcon) {
        let session = AVAudioSession.sharedInstance()
        // Never over what the person is listening to, and never past the silent switch. An app that has chosen for itself keeps its choice.
        if session.category == .soloAmbient {
            try? session.setCategory(.ambient)
        }
        player = try? AVAudioPlayer(data: Wave.file(earcon.beats), fileTypeHint: AVFileType.wav.rawValue)
        player?.play()
    }

    func openSettings() {
        if let settings = URL(string: UIApplication.openSettingsURLString) {
            UIApplication.shared.open(settings)
        }
    }
}

/// Vibrations that can be counted. Where the engine fails, the system's own three kinds stand in.
@MainActor
private final class Haptics {
    let exist = CHHapticEngine.capabilitiesForHardware().supportsHaptics
    private lazy var engine = exist ? (try? CHHapticEngine()) : nil

    func play(_ haptic: Haptic) {
        guard exist else { return }
        do {
            try begin(haptic)
        } catch {
            fallBack(haptic)
        }
    }

    private func begin(_ haptic: Haptic) throws {
        guard let engine else { return fallBack(haptic) }
        var time: TimeInterval = 0
        var events: [CHHapticEvent] = []
        for beat in haptic.beats {
            events.append(
                CHHapticEvent(
                    eventType: .hapticContinuous,
                    parameters: [CHHapticEventParameter(parameterID: .hapticIntensity, value: 1)],
                    relativeTime: time,
                    duration: beat.on))
            time += beat.on + beat.off
        }
        try engine.start()
        try engine.makePlayer(with: CHHapticPattern(events: events, parameters: [])).start(atTime: CHHapticTimeImmediate)
    }

    private func fallBack(_ haptic: Haptic) {
        switch haptic {
        case .heard: UIImpactFeedbackGenerator(style: .medium).impactOccurred()
        case .yourTurn: UINotificationFeedbackGenerator().notificationOccurred(.warning)
        case .problem: UINotificationFeedbackGenerator().notificationOccurred(.error)
        case .done: UINotificationFeedbackGenerator().notificationOccurred(.success)
        }
    }
}
#endif
