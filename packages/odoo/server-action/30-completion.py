# Completing production orders: yield, backorder, scrap, lots, serials, consumption, by-products.

ONE_SERIAL_AN_ORDER = not has('mrp.production', 'lot_producing_ids')


def plan_complete_order(plan):
    value = plan['value']
    order = open_order(value['order'])
    unit = order.product_uom_id
    product = order.product_id
    good = amount_in(value['yield'], unit, product.default_code or product.name)
    plan['scrap'] = planned_scrap(order, value.get('scrap') or [])
    scrapped = sum([line['order_amount'] for line in plan['scrap']])
    plan['order'] = order
    plan['lock'] = ('order', order.id)
    plan['produced'] = good + scrapped
    plan['good'] = good
    plan['scrapped'] = scrapped
    plan['rework'] = value.get('rework') and amount_in(value['rework'], unit, product.default_code or product.name) or 0.0
    plan['consumption'] = planned_moves(order, value.get('consumption') or [], order.move_raw_ids, True)
    plan['by_products'] = planned_moves(order, value.get('byProducts') or [], order.move_byproduct_ids, False)
    if not plan['produced'] and not value.get('final'):
        refuse('nothing-reported', 'Neither yield nor scrap of %s was reported, and the report is not the final one.' % order.name)
    plan_lots(plan, order, product)
    if plan['produced'] and order.consumption == 'strict' and plan['consumption']:
        plan['strict'] = True
    plan_apart(plan, order)


def planned_scrap(order, lines):
    planned = []
    for line in lines:
        planned.append(plan_scrap_line(order, line))
    return planned


def plan_scrap_line(order, line):
    product = line.get('product') and product_of(line['product']) or order.product_id
    own = product == order.product_id
    unit = own and order.product_uom_id or product.uom_id
    amount = amount_in(line['quantity'], unit, product.default_code or product.name)
    lot = False
    if not own and line.get('lot'):
        lot = lot_of(product, line['lot'])
    if not own and product.tracking != 'none' and not lot:
        refuse('lot-missing', 'Scrap of %s needs its lot.' % product.default_code)
    return {'product': product, 'own': own, 'unit': unit, 'amount': amount, 'order_amount': own and amount or 0.0,
            'lot': lot, 'lot_name': line.get('lot'), 'reason': line.get('reason')}


def planned_moves(order, lines, moves, may_add):
    planned = []
    for line in lines:
        product = product_of(line['product'])
        own = moves.filtered_domain([('product_id', '=', product.id), ('state', 'not in', ['done', 'cancel'])])
        if not own and not may_add:
            refuse('component-unknown', '%s is no by-product of %s.' % (product.default_code, order.name))
        unit = own and own[0].product_uom or product.uom_id
        shares = lot_shares(line, product, unit)
        for share in shares:
            if product.tracking != 'none' and not share[0] and not own:
                refuse('lot-missing', 'The quantity of %s needs its lot.' % product.default_code)
        if may_add:
            shares = known_shares(product, shares)
        planned.append({'product': product, 'moves': own, 'unit': unit, 'shares': shares})
        if line.get('insteadOf'):
            planned.append(nothing_instead(order, product_of(line['insteadOf']), moves))
    return planned


def nothing_instead(order, product, moves):
    own = moves.filtered_domain([('product_id', '=', product.id), ('state', 'not in', ['done', 'cancel'])])
    if not own:
        refuse('component-unknown', '%s is no component of %s, so that nothing can be used instead of it.' % (product.default_code, order.name))
    return {'product': product, 'moves': own, 'unit': own[0].product_uom, 'shares': [(False, 0.0)]}


def known_shares(product, shares):
    known = []
    for share in shares:
        lot = share[0] and lot_of(product, share[0]) or False
        if lot:
            refuse_held(product, lot, False)
        known.append((lot, share[1]))
    return known


def plan_lots(plan, order, product):
    value = plan['value']
    given = lots_given(plan, order, product)
    names = value.get('serials') or value.get('lot') and [value['lot']] or [share[0] for share in given]
    if product.tracking == 'none' or not plan['produced']:
        names = []
    if product.tracking != 'none' and plan['produced'] and not names:
        set_before = order.lot_producing_id if ONE_SERIAL_AN_ORDER else order.lot_producing_ids
        names = set_before.mapped('name')
        if not names:
            refuse('lot-missing', 'The product %s is tracked by %s, and the report of %s names none.' % (
                product.default_code, product.tracking, order.name))
    if product.tracking == 'serial' and plan['produced']:
        pieces = order.product_uom_id._compute_quantity(plan['produced'], product.uom_id, round=False)
        if len(names) != round(pieces) or abs(pieces - round(pieces)) > 1e-6 or len(names) != len(set(names)):
            refuse('serial-count', 'The report of %s is about %s pieces and names %s serial numbers.' % (
                order.name, pieces, len(set(names))))
    if product.tracking == 'lot' and len(names) > 1 and not given:
        refuse('value-invalid', 'The product %s is tracked by lot: give each lot its quantity.' % product.default_code)
    plan['parts'] = planned_parts(plan, order, names, given)
    plan['lots'] = [part[0] for part in plan['parts']] or names


def lots_given(plan, order, product):
    # [(lot name, amount)] of a report of several lots, whose quantities add up to the yield.
    value = plan['value']
    given = []
    for share in value.get('lots') or []:
        given.append((share['lot'], amount_in(share['quantity'], order.product_uom_id, product.default_code or product.name)))
    if not given:
        return given
    if value.get('lot') or value.get('serials'):
        refuse('value-invalid', 'The report of %s names lots, and a lot or serial numbers besides.' % order.name)
    if product.tracking == 'serial':
        refuse('value-invalid', 'The product %s is tracked by serial: name serial numbers, not lots.' % product.default_code)
    total = sum([share[1] for share in given])
    if float_compare(total, plan['good'], precision_digits=6) != 0:
        refuse('lots-sum', 'The lots of %s add up to %s, the yield is %s.' % (order.name, total, plan['good']))
    return given


def planned_parts(plan, order, names, given):
    # [(lot or serial, amount)] in the order of the report: each becomes an order of its own, since an order makes one lot.
    if order.product_id.tracking == 'serial':
        piece = order.product_id.uom_id._compute_quantity(1.0, order.product_uom_id, round=False)
        return [] if not ONE_SERIAL_AN_ORDER else list(zip(names, [piece] * len(names)))
    if not given or not names:
        return []
    amounts = [share[1] for share in given]
    for line in plan['scrap']:
        if line['own']:
            # Scrap that names none of the lots counts with the last: counted with an earlier one, it could use up the order.
            place = names.index(line['lot_name']) if line['lot_name'] in names else len(names) - 1
            amounts[place] = amounts[place] + line['amount']
    return [part for part in zip(names, amounts) if part[1]]


def apply_complete_order(plans):
    together, alone, closed = [], [], []
    for plan in plans:
        if not plan['produced']:
            closed.append(plan)
        elif len(plan['parts']) > 1:
            alone.append(plan)
        else:
            together.append(plan)
    produce(together)
    for plan in alone:
        produce_parts(plan)
    for plan in closed:
        close_short(plan)
    scrap_pieces(plans)
    for plan in plans:
        hold_made(plan)
        finish_report(plan)


def produce(plans):
    if not plans:
        return
    lots = made_lots(plans)
    orders = env['mrp.production']
    partial = env['mrp.production']
    for plan in plans:
        order = plan['order']
        orders = orders | order
        set_quantities(plan, order, lots)
        if leaves_rest(plan, order):
            partial = partial | order
    mark_done(orders, partial)
    for plan in plans:
        plan['done'] = [plan['order']]
        plan['made_lots'] = picked_lots(lots, plan)


def made_lots(plans):
    wanted = []
    for plan in plans:
        for name in plan['lots']:
            wanted.append((plan['order'].product_id, name))
        for line in plan['by_products']:
            for share in line['shares']:
                if share[0]:
                    wanted.append((line['product'], share[0]))
    return lots_of(wanted, True)


def picked_lots(lots, plan):
    picked = []
    for name in plan['lots']:
        picked.append(lots[(plan['order'].product_id, name)])
    return picked


def leaves_rest(plan, order):
    rest = order.product_qty - order.qty_produced - plan['produced']
    return not plan['value'].get('final') and float_compare(rest, 0.0, precision_digits=6) > 0


def set_quantities(plan, order, lots):
    vals = {'qty_producing': plan['produced'] + order.qty_produced}
    made = picked_lots(lots, plan)
    if made and ONE_SERIAL_AN_ORDER:
        vals['lot_producing_id'] = made[0].id
    elif made:
        vals['lot_producing_ids'] = [(6, 0, [lot.id for lot in made])]
    order.write(vals)
    order._set_qty_producing()
    for line in plan['consumption']:
        set_moves(order, line, True)
    for line in plan['by_products']:
        set_moves(order, line, False, lots)
    name_component_lots(order)
    pick_components(order)
    if plan.get('strict') and order._get_consumption_issues():
        refuse('odoo-refused', 'The bill of materials of %s is strict, and the reported consumption differs from it.' % order.name)


def set_moves(order, line, raw, lots=None):
    # The reported amount goes to the first move of the product; its other moves consume nothing.
    move = line['moves'][:1]
    if not move:
        vals = order._get_move_raw_values(line['product'], 0.0, line['unit'])
        move = env['stock.move'].create(vals)
        move._action_confirm(merge=False)
    for other in line['moves'][1:]:
        other.move_line_ids.unlink()
        other.write({'picked': False})
    total = sum([share[1] for share in line['shares']])
    if not total:
        move.move_line_ids.unlink()
    elif len(line['shares']) == 1 and not line['shares'][0][0]:
        move._set_quantity_done(total)
    else:
        # Clearing by (5, 0, 0) would leave the lines behind without a move, still reserving stock.
        move.move_line_ids.unlink()
        commands = []
        for share in line['shares']:
            lot = share[0]
            if lot and not raw:
                lot = lots[(line['product'], lot)]
            commands.append((0, 0, {
                'product_id': line['product'].id, 'product_uom_id': line['unit'].id, 'quantity': share[1],
                'lot_id': lot and lot.id or False, 'location_id': move.location_id.id,
                'location_dest_id': move.location_dest_id.id, 'company_id': company.id,
            }))
        move.write({'move_line_ids': commands})
    move.write({'picked': total > 0})


def name_component_lots(order):
    # Up to Odoo 18, what a move takes beyond its reservation becomes a line without a lot, which Odoo then refuses.
    if not order.picking_type_id.use_existing_lots and not order.picking_type_id.use_create_lots:
        return
    for move in order.move_raw_ids:
        if move.product_id.tracking != 'none' and move.state not in ('done', 'cancel'):
            name_lots(order, move, move.move_line_ids.filtered_domain([('lot_id', '=', False), ('lot_name', '=', False)]))


def name_lots(order, move, bare):
    # In the product's own unit, in which Odoo reserves.
    missing = 0.0
    for line in bare:
        missing = missing + line.product_uom_id._compute_quantity(line.quantity, move.product_id.uom_id, round=False)
    if float_compare(missing, 0.0, precision_digits=6) <= 0:
        return
    bare.unlink()
    taken = move._update_reserved_quantity(missing, move.location_id, strict=False)
    unnamed = move.move_line_ids.filtered_domain([('lot_id', '=', False)])
    if unnamed or float_compare(taken, missing, precision_digits=6) < 0:
        refuse('lot-missing', 'The component %s of %s is tracked by %s, the report names none, and %s has too little of any: %s more needed.' % (
            move.product_id.default_code or move.product_id.name, order.name, move.product_id.tracking,
            move.location_id.complete_name, missing - (0.0 if unnamed else taken)))
    move.write({'picked': True})


def pick_components(order):
    # What is not picked is cancelled by Odoo instead of consumed.
    unpicked = env['stock.move']
    for move in order.move_raw_ids:
        if not move.picked and move.quantity and move.state not in ('done', 'cancel'):
            unpicked = unpicked | move
    if unpicked:
        unpicked.write({'picked': True})


def mark_done(orders, partial):
    answer = orders.with_context(
        skip_backorder=True, mo_ids_to_backorder=partial.ids, skip_consumption=True, skip_redirection=True,
        skip_expired=True, cancel_backorder=False,
    ).button_mark_done()
    for order in orders:
        if order.state != 'done':
            refuse('not-completed', 'Odoo left %s in the state %s and asked %s.' % (
                order.name, order.state, isinstance(answer, dict) and answer.get('res_model') or 'nothing'))


def produce_parts(plan):
    # Each part leaves the rest as a backorder, on which the next one is produced.
    order = plan['order']
    lots = made_lots([plan])
    check_strict_parts(plan)
    make_room(plan, order)
    done, made = [], []
    for number, part in enumerate(plan['parts']):
        last = number == len(plan['parts']) - 1
        step = {
            'order': order, 'lots': [part[0]], 'produced': part[1], 'value': {'final': last and plan['value'].get('final')},
            'consumption': nothing_of(plan['consumption'], order.move_raw_ids) if number else plan['consumption'],
            'by_products': nothing_of(plan['by_products'], order.move_byproduct_ids) if number else plan['by_products'],
        }
        set_quantities(step, order, lots)
        rest = leaves_rest(step, order)
        mark_done(order, order if rest else env['mrp.production'])
        done.append(order)
        made.append(lots[(order.product_id, part[0])])
        if not last:
            order = backorder_of(order)
            if not order:
                refuse('not-completed', 'Odoo left no open order after part %s of %s of %s.' % (
                    number + 1, len(plan['parts']), plan['order'].name))
    plan['done'] = done
    plan['made_lots'] = made


def make_room(plan, order):
    # The parts before the last must leave something open for the next one.
    before = sum([part[1] for part in plan['parts'][:-1]])
    if float_compare(order.product_qty - order.qty_produced, before, precision_digits=6) <= 0:
        env['change.production.qty'].create(
            {'mo_id': order.id, 'product_qty': order.qty_produced + plan['produced']}).change_prod_qty()


def nothing_of(lines, moves):
    # What was reported is booked with the first part; the later ones take nothing of it.
    empty = []
    for line in lines:
        own = moves.filtered_domain([('product_id', '=', line['product'].id), ('state', 'not in', ['done', 'cancel'])])
        if own:
            empty.append({'product': line['product'], 'moves': own, 'unit': own[0].product_uom, 'shares': [(False, 0.0)]})
    return empty


def check_strict_parts(plan):
    # On a strict bill the parts together have to consume what it says.
    if not plan.get('strict'):
        return
    for line in plan['consumption']:
        expected = sum(line['moves'].mapped('unit_factor')) * plan['produced']
        reported = sum([share[1] for share in line['shares']])
        if float_compare(reported, expected, precision_rounding=line['unit'].rounding) != 0:
            refuse('odoo-refused', 'The bill of materials of %s is strict, and the reported consumption of %s differs from it: %s, not %s.' % (
                plan['order'].name, line['product'].default_code, reported, expected))


def backorder_of(order):
    group = order[group_field()]
    if not group:
        return env['mrp.production']
    return env['mrp.production'].search([
        (group_field(), '=', group.id), ('product_id', '=', order.product_id.id),
        ('state', 'in', OPEN_STATES), ('company_id', '=', company.id)], limit=1)


def close_short(plan):
    # A final report without pieces: the open rest will not be made.
    if plan['apart']:
        refuse('consumption-open', 'Material was reported for %s and nothing was made with it: it would be lost with the order.' % plan['order'].name)
    plan['order'].action_cancel()
    if plan['order'].state not in ('cancel', 'done'):
        refuse('not-completed', 'Odoo left %s in the state %s.' % (plan['order'].name, plan['order'].state))
    plan['done'] = [plan['order']]
    plan['made_lots'] = []


def scrap_pieces(plans):
    for plan in plans:
        serials = plan['made_lots'][:]
        for line in plan['scrap']:
            for vals in scrap_vals(plan, line, serials):
                make_scrap(vals)


def scrap_vals(plan, line, serials):
    order = plan['done'][-1]
    vals = {
        'product_id': line['product'].id, 'product_uom_id': line['unit'].id, 'company_id': company.id,
        'origin': plan['order'].name, 'production_id': order.id,
        'location_id': order.location_dest_id.id if line['own'] else order.location_src_id.id,
    }
    vals = with_reason(vals, line['reason'])
    if not line['own']:
        return [dict(vals, scrap_qty=line['amount'], lot_id=line['lot'] and line['lot'].id or False)]
    if line['product'].tracking != 'serial':
        named = named_lots(serials, line['lot_name'])
        lot = (named or serials)[-1:]
        lot = lot and lot[0]
        return [dict(vals, scrap_qty=line['amount'], lot_id=lot and lot.id or False)]
    rows = []
    for lot in serials_to_scrap(line, serials):
        serials.remove(lot)
        rows.append(dict(vals, scrap_qty=1.0, lot_id=lot.id, product_uom_id=line['product'].uom_id.id))
    return rows


def serials_to_scrap(line, serials):
    count = int(round(line['amount']))
    if line['lot_name']:
        named = named_lots(serials, line['lot_name'])
        if len(named) != count:
            refuse('serial-count', 'The scrapped piece %s is none of the report.' % line['lot_name'])
        return named
    return serials[-count:] if count else []


def named_lots(serials, name):
    named = []
    for lot in serials:
        if lot.name == name:
            named.append(lot)
    return named


def finish_report(plan):
    value = plan['value']
    order = plan['done'][-1]
    if value.get('finishedAt') and order.state == 'done':
        for made in plan['done']:
            made.write({'date_finished': value['finishedAt']})
    if value.get('note'):
        order.message_post(body=value['note'])
    rest = backorder_of(order) if plan['produced'] else env['mrp.production']
    made = [one.name for one in plan['done']]
    if plan['produced']:
        settle_apart(plan)
        if value.get('shortage') == 'refuse':
            refuse_short(plan['done'])
    plan.update(keep_of(value.get('report'), {
        'yield': plan['good'], 'scrap': plan['scrapped'], 'rework': plan['rework']}, [one.id for one in plan['done']], plan['named']))
    settle(plan, order, made_names(made), {
        'order': plan['order'].name, 'orders': made, 'backorder': rest and rest.name or False,
        'produced': plan['produced'], 'scrapped': plan['scrapped'], 'state': order.state,
    })


def made_names(names):
    # All of them, or the first and the last of many.
    return ', '.join(names) if len(names) <= 10 else '%s … %s' % (names[0], names[-1])
