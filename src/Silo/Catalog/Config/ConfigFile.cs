using Quota.Contracts;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads the bytes of a configuration file, up to the bound.</summary>
internal static class ConfigFile
{
    /// <summary>Reads the whole file; whatever the system refuses is a result.</summary>
    public static bool TryRead(string path, out byte[] bytes, out ConfigError? error)
    {
        bytes = [];
        error = null;
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.CanSeek && file.Length > Bounds.ConfigBytesMax)
            {
                error = new ConfigError(path, 0, 0, "", $"has {file.Length} bytes: must have at most {SizeText.Format(Bounds.ConfigBytesMax)}");
                return false;
            }
            using var content = new MemoryStream();
            byte[] buffer = new byte[64 * 1024];
            // One byte more than allowed, so that a pipe without end is noticed too.
            for (int n = 1; n > 0 && content.Length <= Bounds.ConfigBytesMax;)
            {
                n = file.Read(buffer);
                content.Write(buffer, 0, n);
            }
            bytes = content.ToArray();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            error = new ConfigError(path, 0, 0, "", $"cannot be read: {e.Message}");
            return false;
        }
    }
}
