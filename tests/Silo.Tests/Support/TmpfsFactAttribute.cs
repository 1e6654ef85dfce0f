namespace Quota.Silo.Tests.Support;

/// <summary>A test that needs a small file system of its own; skipped, with the reason, where none can be mounted.</summary>
internal sealed class TmpfsFactAttribute : FactAttribute
{
    private static readonly string? Missing = Probe();

    public TmpfsFactAttribute() => Skip = Missing;

    private static string? Probe()
    {
        using var folder = new TempFolder();
        try
        {
            using var mount = new TmpfsMount(folder.Path, megabytes: 1);
            return null;
        }
        catch (InvalidOperationException e)
        {
            return $"needs to mount a small tmpfs: {e.Message}";
        }
    }
}
