package dev.touchstone.radio

import android.app.Activity
import android.bluetooth.BluetoothAdapter
import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.provider.Settings

/** Opens the system's dialogs and settings, one for each press. What the person did there is seen when the window has the focus again. */
internal object Doors {
    /** Nobody waits for this result: what counts is what is granted afterwards. Fits the 16 bits that androidx leaves to others. */
    private const val REQUEST = 0x7053

    /** Whether anything was opened. */
    fun open(activity: Activity, door: Door, api: Int): Boolean = try {
        when (door) {
            Door.PermissionDialog -> activity.requestPermissions(Access.permissions(api).toTypedArray(), REQUEST)
            Door.AppSettings -> activity.startActivity(
                Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, Uri.fromParts("package", activity.packageName, null)),
            )
            Door.BluetoothDialog -> activity.startActivity(Intent(BluetoothAdapter.ACTION_REQUEST_ENABLE))
            Door.LocationSettings -> activity.startActivity(Intent(Settings.ACTION_LOCATION_SOURCE_SETTINGS))
        }
        true
    } catch (_: ActivityNotFoundException) {
        false
    } catch (_: SecurityException) {
        false
    }
}
