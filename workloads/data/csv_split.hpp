// workloads/data/csv_split.hpp
//
// Cuts a CSV text at record borders, so that several tasks can read it at the same time.
//
// Costs one pass that counts quotes and line feeds, several GB/s. Any thread, any number at a time.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace quartet {

class csv_header;

/// A run of whole records. It holds no pointer: it can go to a process that opens the file itself and reads
/// `length` bytes at `offset`.
struct csv_part {
    std::size_t offset = 0;
    std::size_t length = 0;
    /// The line of the whole text on which the part begins, for csv_reader.
    std::size_t first_line = 1;

    friend bool operator==(csv_part const&, csv_part const&) = default;
};

/// The cutting of split_at_records() for a text that comes in pieces, as of a file that need not be in memory
/// as a whole.
class csv_splitter {
public:
    /// For a text of `size` bytes, header included.
    csv_splitter(csv_header const& header, std::size_t size, std::size_t parts);

    /// The bytes that follow, from the first behind the header on.
    void add(std::string_view piece);

    /// After the last. Once.
    std::vector<csv_part> take();

private:
    void look_for_next_wanted();
    std::size_t count_to_wanted(std::string_view piece);
    std::size_t find_border(std::string_view piece);
    void end_part();

    std::size_t begin_;
    std::size_t size_;
    std::size_t parts_;
    std::size_t at_;
    csv_part part_;               // that at_ is in
    std::size_t share_ = 0;       // it has this and those before
    std::size_t wanted_ = 0;      // where it is to end
    bool in_quotes_ = false;      // at at_
    std::size_t lines_ = 0;       // from its begin to at_
    std::vector<csv_part> done_;  // before it
};

/// Cuts the records after the header of `text` (a whole file, header included) into parts of about equal
/// size: at most `parts` of them, 0 counts as 1, none empty, in order and without gaps. So there are fewer
/// when there are few records, and none when there are no records.
///
/// Reading the parts one after another gives exactly what reading the text once gives: the same records,
/// and, if the text is broken, the same first error; parts behind the one with the first error may have
/// errors that are no others, as the text was cut where a quote too many or too few made it seem. Throws
/// csv_error only if the header is broken.
std::vector<csv_part> split_at_records(std::string_view text, std::size_t parts);

/// The same where the header of `text` has been read already.
std::vector<csv_part> split_at_records(csv_header const& header, std::string_view text, std::size_t parts);

}  // namespace quartet
