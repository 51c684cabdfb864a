package dev.touchstone.radio

/** What of the phone decides whether it can scan. */
internal data class Phone(
    /** `Build.VERSION.SDK_INT`. */
    val api: Int,
    /** It has Bluetooth LE. */
    val hasBluetooth: Boolean,
    /** Every permission of [Access.permissions] is granted. */
    val granted: Boolean,
    val bluetoothOn: Boolean,
    val locationOn: Boolean,
)

/** What is in the way of a scan. */
internal enum class Obstacle { None, Missing, Permission, Location, Blocked, BluetoothOff, LocationOff }

/** What to open so that the person can remove the obstacle. */
internal enum class Door { PermissionDialog, AppSettings, BluetoothDialog, LocationSettings }

/** The order in which the obstacles are taken: at most one permission dialog, and never two dialogs without a press between. */
internal object Access {
    private const val ANDROID_12 = 31

    /** One request, and on Android 12 and newer one dialog: "Nearby devices". */
    fun permissions(api: Int): List<String> = if (api >= ANDROID_12) {
        listOf("android.permission.BLUETOOTH_SCAN", "android.permission.BLUETOOTH_CONNECT")
    } else {
        listOf("android.permission.ACCESS_FINE_LOCATION")
    }

    /** What is in the way now. [refused]: the person was asked in this run of the app, and did not allow it. */
    fun obstacle(phone: Phone, refused: Boolean): Obstacle = when {
        !phone.hasBluetooth -> Obstacle.Missing
        !phone.granted && refused -> Obstacle.Blocked
        !phone.granted -> if (phone.api >= ANDROID_12) Obstacle.Permission else Obstacle.Location
        !phone.bluetoothOn -> Obstacle.BluetoothOff
        phone.api < ANDROID_12 && !phone.locationOn -> Obstacle.LocationOff
        else -> Obstacle.None
    }

    /** What removes it; `null` when nothing is in the way, or nothing helps. */
    fun door(obstacle: Obstacle): Door? = when (obstacle) {
        Obstacle.Permission, Obstacle.Location -> Door.PermissionDialog
        Obstacle.Blocked -> Door.AppSettings
        Obstacle.BluetoothOff -> Door.BluetoothDialog
        Obstacle.LocationOff -> Door.LocationSettings
        Obstacle.None, Obstacle.Missing -> null
    }
}
