using Google.Protobuf.Reflection;

namespace Quota.ApiReference;

/// <summary>
/// The comments of one .proto file by the place of what they belong to. A place is the path of field numbers and indexes through
/// FileDescriptorProto that <c>descriptor.proto</c> defines: 4,0,2,1 is the second field of the first message.
/// </summary>
public sealed class ProtoComments
{
    private readonly Dictionary<string, string> _byPlace = new(StringComparer.Ordinal);

    public ProtoComments(FileDescriptorProto file)
    {
        foreach (SourceCodeInfo.Types.Location location in file.SourceCodeInfo.Location)
        {
            string text = location.LeadingComments.Length > 0 ? location.LeadingComments : location.TrailingComments;
            if (text.Length > 0)
            {
                _byPlace[string.Join(',', location.Path)] = text;
            }
        }
    }

    /// <summary>The comment's lines without their margin; empty if there is none.</summary>
    public IReadOnlyList<string> Lines(params int[] place) =>
        _byPlace.TryGetValue(string.Join(',', place), out string? text) ? [.. text.TrimEnd().Split('\n').Select(l => l.Trim())] : [];
}
